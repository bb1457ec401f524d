import { contextOf } from "@sluice/actors/group/group.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName, idOf } from "@sluice/events/identifier.ts"
import type { HostedChannel } from "./hosted-channel.ts"

/** Where a session is registered. */
export interface Binding {
  readonly channel: HostedChannel
  readonly account: string
}

/** Counts the requests of a session that are in flight where it is registered. */
export const inFlightOf = ({ channel, account }: Binding, session: string): number => {
  const actor = channel.subject.state.accounts.get(actorName("account", account))
  return (actor && contextOf(actor).sessions.get(session)?.inFlight) ?? 0
}

/**
 * Knows on which account each session is registered, over all channels.
 *
 * It is made from the accounts' state and follows their facts; the accounts alone decide.
 * Source: B5, B7.
 */
export class SessionIndex {
  #bindings = new Map<string, Binding>()

  /** Returns where a session is registered, if it is. */
  get(session: string): Binding | undefined {
    return this.#bindings.get(session)
  }

  /** Takes in what the accounts of a channel hold; what they held before is forgotten. */
  load(channel: HostedChannel): void {
    for (const [session, binding] of this.#bindings)
      if (binding.channel === channel) this.#bindings.delete(session)
    for (const actor of channel.subject.state.accounts.values()) {
      const { config, sessions } = contextOf(actor)
      if (config === null) continue
      for (const { session } of sessions.toJSON())
        this.#bindings.set(session, { channel, account: config.id })
    }
  }

  /** Follows what has happened on a channel. */
  onFacts(channel: HostedChannel, facts: ReadonlyArray<Fact>): void {
    for (const fact of facts) {
      if (fact.type === "account.session_registered")
        this.#bindings.set(fact.session, { channel, account: idOf(fact.actor) })
      else if (fact.type === "account.session_expired" || fact.type === "account.session_released")
        this.#forget(channel, fact)
    }
  }

  /** A session that has been registered elsewhere meanwhile stays there. */
  #forget(
    channel: HostedChannel,
    { session, actor }: { readonly session: string; readonly actor: string },
  ): void {
    const known = this.#bindings.get(session)
    if (known?.channel === channel && known.account === idOf(actor)) this.#bindings.delete(session)
  }
}
