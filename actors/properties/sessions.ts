import { contextOf } from "../group/group.ts"
import { grantedBy } from "../testing/granted.ts"
import type { Rule } from "../testing/live.ts"
import { accountIn, type Registered, type World } from "../testing/world.ts"

const inFlightOf = (world: World, { account, session }: Pick<Registered, "account" | "session">) =>
  world.inFlight.filter((one) => one.account === account && one.session === session)

/** A session is registered in the commit of a lease of its own, where it was not and where the cap lets it. Source: B6. */
export const registered = (): Rule => ({
  decided: (world, decided) => {
    const facts = decided.facts.filter(({ type }) => type === "account.session_registered")
    const granted = grantedBy(world, decided)
    const { account, lease, waiter } = granted ?? {}
    const { command } = decided
    const isSpilled = waiter?.isSpilled ?? (command?.type === "acquire" ? command.isSpilled : undefined)
    const isKnown = world.sessions.some(
      (one) => one.account === account?.id && one.session === lease?.session,
    )
    const isDue = lease?.session !== undefined && isSpilled !== true && !isKnown
    if (facts.length !== (isDue ? 1 : 0)) throw new Error(`${facts.length} sessions are registered`)
    if (!isDue || account === undefined) return
    const held = world.sessions.filter((one) => one.account === account.id).length
    if (held >= (account.config.maxSessions ?? Infinity)) throw new Error(`${account.id} is above its cap`)
  },
})

/** A session leaves when it was idle for its time, or has failed, or by an operator, or with its account; never while one of its requests is in flight. Source: B6, B7. */
export const left = (): Rule => ({
  happened: (world, fact) => {
    if (fact.type !== "account.session_expired") return
    const one = world.sessions.find(({ stay }) => stay === fact.stay)
    if (one === undefined) throw new Error(`${fact.session} expires and is not registered`)
    const { sessionIdleTimeoutMs } = accountIn(world, one.account).config
    if (inFlightOf(world, one).length > 0) throw new Error(`${fact.session} expires while in flight`)
    if (fact.at < one.lastSeenAt + sessionIdleTimeoutMs) throw new Error(`${fact.session} expires early`)
  },
  rested: (world, { now }) => {
    for (const one of world.sessions) {
      const { config, isRemoved, isSuspended } = accountIn(world, one.account)
      if (!config.enabled || isRemoved || isSuspended)
        throw new Error(`${one.stay} is bound to a closed account`)
      if (inFlightOf(world, one).length > 0) continue
      if (!one.hasSucceeded) throw new Error(`${one.stay} has failed and stays`)
      if (now >= one.lastSeenAt + config.sessionIdleTimeoutMs)
        throw new Error(`${one.stay} is over and stays`)
    }
  },
})

/** An account knows of each session how many of its requests are in flight. Source: A9, B6. */
export const counted = (): Rule => ({
  rested: (world, { group }) => {
    const told = [...group.accounts.values()].flatMap((actor) => {
      const { config, sessions } = contextOf(actor)
      return sessions.toJSON().map(({ stay, inFlight }) => `${config?.id} ${stay} ${inFlight}`)
    })
    const are = world.sessions.map((one) => `${one.account} ${one.stay} ${inFlightOf(world, one).length}`)
    if (told.toSorted().join() !== are.toSorted().join())
      throw new Error(`the accounts count ${told.join()}, not ${are.join()}`)
  },
})
