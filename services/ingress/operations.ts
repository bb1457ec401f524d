import type { Fact } from "@sluice/events/commit.ts"
import { idOf, kindOf } from "@sluice/events/identifier.ts"
import type { Operation, OperationAnswer } from "@sluice/infra/operations/operation.ts"
import type { HostedChannel } from "./hosted-channel.ts"

/** Carries out what an operator asks of an actor, and answers when it is in the log. Source: C8. */
export const runOperation = async (
  channels: ReadonlyMap<string, HostedChannel>,
  { actor, by }: Operation,
): Promise<OperationAnswer> => {
  const found = findActor(channels, actor)
  if (found === undefined) return { ok: false, message: `there is no ${actor}` }
  const { subject } = found.channel
  if (!subject.isLive)
    return { ok: false, message: `channel/${found.channel.id} is closed: see the log of the proxy` }
  const { account } = found
  const executed = subject.execute({ type: "reset", by, ...(account === undefined ? {} : { account }) })
  if (executed.kind !== "facts") throw new Error(`${actor} did not decide a reset`)
  await executed.committed
  return { ok: true, message: `${actor} is reset: ${clearedBy(executed.facts)}` }
}

const findActor = (
  channels: ReadonlyMap<string, HostedChannel>,
  actor: string,
): { readonly channel: HostedChannel; readonly account?: string } | undefined => {
  const id = idOf(actor)
  if (kindOf(actor) === "channel") {
    const channel = channels.get(id)
    return channel && { channel }
  }
  const channel = [...channels.values()].find(({ subject }) => subject.state.accounts.has(actor))
  return channel && { channel, account: id }
}

const clearedBy = (facts: ReadonlyArray<Fact>): string => {
  const cleared = facts.flatMap((fact) =>
    fact.type === "account.reset" || fact.type === "channel.reset"
      ? fact.cleared.map((what) => `${what} of ${fact.actor}`)
      : [],
  )
  return cleared.length === 0 ? "there was nothing to clear" : `cleared ${cleared.join(", ")}`
}
