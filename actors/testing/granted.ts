import type { Fact } from "@sluice/events/commit.ts"
import type { Decided, Rule } from "./live.ts"
import { type Asked, type Reason, reasonsOf } from "./naive-rules.ts"
import { accountIn, type InQueue, type KnownAccount, type World } from "./world.ts"

/** A grant, in the world before it. */
export interface Granted {
  readonly asked: Asked
  readonly account: KnownAccount
  readonly lease: Extract<Fact, { type: "account.acquired" }>
  /** The waiter that was served; none where a newcomer was. */
  readonly waiter: InQueue | undefined
}

/** Returns the grant that was decided, if one was. */
export const grantedBy = (
  world: World,
  { facts, command }: Pick<Decided, "facts" | "command">,
): Granted | undefined => {
  const lease = facts.find((fact) => fact.type === "account.acquired")
  const slot = facts.find((fact) => fact.type === "channel.acquired")
  if (lease === undefined && slot === undefined) return undefined
  if (lease === undefined || slot?.lease !== lease.lease || lease.actor !== `account/${slot.account}`)
    throw new Error("A1: a grant is a slot on the channel and one on its account")
  const { model, estimate, session } = lease
  const waiter = world.queue.find(({ request }) => request === lease.request)
  const asking = waiter ?? (command?.type === "acquire" ? command : undefined)
  return {
    asked: { model, estimate, session, account: waiter?.account, mayProbe: asking?.mayProbe },
    account: accountIn(world, slot.account),
    lease,
    waiter,
  }
}

/** The rule that no account gets a grant for which one of these reasons stands in the way. */
export const neverGrantedWhile = (...reasons: ReadonlyArray<Reason>): Rule => ({
  decided: (world, decided) => {
    const granted = grantedBy(world, decided)
    if (granted === undefined) return
    const { asked, account, lease } = granted
    const broken = reasonsOf(world, account, asked, decided.now).filter((one) => reasons.includes(one))
    if (broken.length > 0) throw new Error(`${lease.lease} is granted on ${account.id}: ${broken.join(", ")}`)
  },
})
