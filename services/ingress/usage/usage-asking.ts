import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Attempt } from "../exchange/attempt.ts"
import type { AttemptFailure } from "../exchange/failure.ts"
import type { IngressLog } from "../ingress-options.ts"
import type { Ask, WireProtocol } from "../providers/protocol.ts"

/**
 * Knows where usage may be asked for in a stream whose client did not, and learns where not.
 *
 * Source: D1.
 */
export class UsageAsking {
  readonly #log: IngressLog
  readonly #refusers = new Set<string>()

  constructor(log: IngressLog) {
    this.#log = log
  }

  /** True if an attempt at this channel asks for usage that the client did not ask for. */
  isAdded(protocol: WireProtocol, ask: Ask, channel: ChannelConfiguration): boolean {
    return (
      protocol.usageIsAsked &&
      ask.stream &&
      !ask.usageAsked &&
      channel.usageInStream === "ask" &&
      !this.#refusers.has(channel.id)
    )
  }

  /** Takes note of an upstream that refuses to be asked. Returns whether it did, so that the attempt can be made again without it. */
  learns(protocol: WireProtocol, attempt: Attempt, failure: AttemptFailure): boolean {
    const words = failure.kind === "answer" ? failure.answer.words : undefined
    if (!attempt.carried.addsUsage || attempt.status !== 400 || words === undefined) return false
    if (!protocol.refusesUsage(words)) return false
    const channel = attempt.lease.channel.id
    this.#refusers.add(channel)
    this.#log.warn(
      { channel },
      "the upstream does not take stream_options: the usage of its streams is estimated from now on, as with usageInStream: never",
    )
    return true
  }
}
