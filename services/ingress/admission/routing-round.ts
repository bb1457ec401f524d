import { expectedWaitMs } from "@sluice/actors/decisions/admission.ts"
import type { Denial } from "@sluice/actors/decisions/command.ts"
import { canOpen, earliestEnd } from "@sluice/actors/decisions/outlook.ts"
import { channelOf } from "@sluice/actors/group/group.ts"
import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import type { Candidate } from "@sluice/events/ingress.ts"
import { longestDelayMs } from "../exchange/retry.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import type { Admission, Admittable } from "./lease.ts"

/** How a request asks: in its session, as one that is served away from its account, or for that account alone. Source: B7. */
export interface Asking {
  readonly session?: string
  readonly isSpilled?: boolean
  readonly mayProbe?: boolean
  readonly account?: string
}

/** A channel at which a request can wait, and how. */
export interface QueuePosition {
  readonly channel: HostedChannel
  readonly asking: Asking
  readonly timeoutMs?: number
}

/** One time of asking all candidates of a request: who was passed over, and where it can wait. Source: B2, B8, B10. */
export class RoutingRound {
  readonly request: Admittable
  readonly options: Parameters<Admission["admit"]>[1]
  readonly now: number
  /** When the request began to wait. */
  readonly since: number
  readonly candidates: Array<Candidate> = []
  readonly places: Array<QueuePosition> = []
  /** The channels at which it could only test an account that fails. Source: C7. */
  readonly failing: Array<QueuePosition> = []
  /** When the first cooldown ends that stands in the way. */
  coolingUntil: number | null = null
  #failing = 0
  #others = 0

  constructor(
    request: Admittable,
    options: Parameters<Admission["admit"]>[1],
    { since, now }: { readonly since: number; readonly now: number },
  ) {
    this.request = request
    this.options = options
    this.since = since
    this.now = now
  }

  /** True if only accounts are left whose attempts fail one after the other. Source: B10. */
  get isFailing(): boolean {
    return this.#failing > 0 && this.#others === 0
  }

  /** Notes what stood in the way at a channel. */
  passOver(
    { id }: HostedChannel,
    denials: ReadonlyArray<Pick<Denial, "account" | "reason"> & Partial<Denial>>,
  ): void {
    for (const { account, reason, until = null, isFailing } of denials) {
      this.candidates.push(account === undefined ? { channel: id, reason } : { channel: id, account, reason })
      if (isFailing === true) this.#failing += 1
      else if (!isClosed(reason)) this.#others += 1
      if (until !== null && (reason === "cooling" || reason === "cooling_soon"))
        this.coolingUntil = Math.min(this.coolingUntil ?? Infinity, until)
    }
  }

  /** Resolves when a channel may take the request that only waits for its log to store what was decided before; `undefined` where there is none. Source: L6. */
  untilRoom(hosted: (id: string) => HostedChannel | undefined): Promise<void> | undefined {
    const stalled = this.candidates.find(({ reason }) => reason === "log_unavailable")
    return stalled && hosted(stalled.channel)?.subject.room
  }

  /** Returns the place at which a request waits for the test of an account that fails. One that has an answer waits there for no longer than it pauses before a retry. Source: B9, B10. */
  probingPlace(channel: HostedChannel, asking: Asking): QueuePosition {
    const { hasAnswer, waitedMs } = this.options
    return hasAnswer ? { channel, asking, timeoutMs: waitedMs + longestDelayMs } : { channel, asking }
  }

  /** True if what stands in the way at a place can open in the time for which the request can wait there. Source: B10. */
  canWaitAt({ channel, asking, timeoutMs }: QueuePosition, denials: ReadonlyArray<Denial>): boolean {
    const { hasAnswer, isReturning } = this.options
    if (hasAnswer && asking.mayProbe !== true) return false
    const { queueTimeoutMs = null, queueSize = 0 } = channelOf(channel.subject.state).config ?? {}
    if (queueSize === 0 && !isReturning) return false
    const longestMs = Math.min(timeoutMs ?? Infinity, queueTimeoutMs ?? Infinity)
    const end = Math.min(this.request.deadlineAt ?? Infinity, this.now + longestMs - this.options.waitedMs)
    return canOpen(denials, end === Infinity ? null : end)
  }
}

/** Such a candidate is none, whatever the time. */
const isClosed = (reason: Candidate["reason"]): boolean =>
  reason === "disabled" ||
  reason === "protocol" ||
  reason === "model" ||
  reason === "suspended" ||
  reason === "tried"

/**
 * True if a request waits for the account that it is bound to, rather than be served elsewhere.
 *
 * Source: B7.
 */
export const waitsForItsAccount = (
  place: QueuePosition & { readonly account: string },
  denials: ReadonlyArray<Denial>,
  of: { readonly round: RoutingRound; readonly pool: PoolConfiguration; readonly weight: number },
): boolean => {
  const { round, pool, weight } = of
  const { account } = place
  const group = place.channel.subject.state
  if (!round.canWaitAt(place, denials)) return false
  if (channelOf(group).lanes.demands.waitingFor(account) >= pool.stickyMaxWaiting) return false
  const { client, model } = round.request
  const queueMs = expectedWaitMs(group, { client, weight, model, account }) ?? 0
  const closedMs = (earliestEnd(denials) ?? round.now) - round.now
  return Math.max(queueMs, closedMs) <= pool.stickySpillMs
}
