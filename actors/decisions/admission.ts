import { longestSpanMs } from "@sluice/events/bounds.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { PassedOver } from "@sluice/events/ingress.ts"
import { subjectSpan } from "@sluice/events/subject-span.ts"
import { slotsOf } from "../account/limit.ts"
import type { ChannelContext } from "../channel/ledger.ts"
import { channelRoomAt, hasChannelRoom } from "../channel/limit.ts"
import { isOpen, isQueueing } from "../channel/states.ts"
import { accountOf, channelOf, contextOf, type Group, limitOf } from "../group/group.ts"
import { learningOf } from "../limit/learned-limit.ts"
import { takesWork } from "../machine/states.ts"
import { demandKey } from "../queue/demand.ts"
import type { Waiter } from "../queue/waiter.ts"
import { namedModels, ofModel, unnamedMost } from "../rules/named-models.ts"
import { meanServiceTimeMs } from "../rules/service-times.ts"
import {
  availableAt,
  type BucketSize,
  estimatedTokens,
  sizeOf,
  type TokenBucket,
} from "../rules/token-bucket.ts"
import type { Acquire, Applicant, Decision, Enqueue, Leave, Denial, Refuse } from "./command.ts"
import { denials } from "./denial.ts"
import { chooseAccount, grant } from "./slot.ts"

const denied = (reason: PassedOver, until: number | null = null): Decision => ({
  kind: "denied",
  denials: [{ reason, until }],
})

/**
 * Grants a slot at once, or says what stands in the way.
 *
 * Nobody is admitted past those who wait for the same slot or the same tokens (A6).
 */
export const acquire = (group: Group, command: Acquire, now: number): Decision => {
  const channel = channelOf(group)
  if (!takesWork(group.channel)) return denied("disabled")
  const ofChannel = channelDenial(group, command, now)
  if (ofChannel !== null) return { kind: "denied", denials: [ofChannel] }
  const isProbe = command.mayProbe === true
  const asked = { now, of: command, tried: command.tried, isProbe }
  const account = chooseAccount(group, asked, command.account)
  if (account === undefined) return { kind: "denied", denials: denials(group, asked, command.account) }
  if (isQueueing(group.channel) && isPreceded(channel, command)) return denied("saturated")
  const waitMs = now - command.since
  return { kind: "facts", facts: grant(group, { applicant: command, account, now, waitMs }) }
}

/** True if the channel has a slot: one of its limit in force, or above it where it learns and may test. Source: A2, A5, F1. */
const hasRoomNow = (group: Group, now: number): boolean => {
  const channel = channelOf(group)
  const isAsked = channel.config?.mode !== "soft" && learningOf(channel) === null
  if (isAsked && !isQueueing(group.channel)) return isOpen(group.channel)
  return hasChannelRoom(channel, now)
}

/** Returns what stands in the way on the channel itself, whatever its accounts say. */
export const channelDenial = (
  group: Group,
  of: Pick<Applicant, "model" | "estimate">,
  now: number,
): Denial | null => {
  const channel = channelOf(group)
  const blocked = ofModel(channel.blockedModels, of.model)
  if (blocked !== undefined && blocked.until > now) return { reason: "model_cooling", until: blocked.until }
  if (!hasRoomNow(group, now)) return { reason: "saturated", until: channelRoomAt(channel) }
  return bucketDenial(channel, of, now)
}

/** The denial that the channel's buckets are, of requests or of tokens. Source: C1. */
const bucketDenial = (
  channel: ChannelContext,
  of: Pick<Applicant, "estimate">,
  now: number,
): Denial | null => {
  const { config, rpm } = channel
  if (config === null || (config.rpm === null && config.tpm === null)) return null
  const until = tokensAt(channel, of)
  if (until <= now) return null
  const isOfRequests =
    config.rpm !== null && bucketOpensAt(rpm, sizeOf(config.rpm, config.burstSeconds), 1) > now
  return { reason: isOfRequests ? "rpm" : "tpm", until }
}

/** Returns when the channel's buckets hold enough for a request. Source: C1. */
export const tokensAt = (
  { config, rpm, tpm }: ChannelContext,
  { estimate }: Pick<Applicant, "estimate">,
): number => {
  if (config === null) return Infinity
  const { burstSeconds } = config
  const requestsAt = config.rpm === null ? 0 : bucketOpensAt(rpm, sizeOf(config.rpm, burstSeconds), 1)
  if (config.tpm === null) return requestsAt
  return Math.max(requestsAt, bucketOpensAt(tpm, sizeOf(config.tpm, burstSeconds), estimatedTokens(estimate)))
}

const bucketOpensAt = (bucket: TokenBucket | null, size: BucketSize, amount: number): number =>
  bucket === null ? 0 : availableAt(bucket, size, { amount, now: bucket.at })

/** Whoever waits for the same, or has the turn and waits for the channel's tokens, comes first; and all who wait do where an account is to be tested. */
const isPreceded = ({ lanes }: ChannelContext, command: Acquire): boolean =>
  command.mayProbe === true ||
  lanes.next() !== undefined ||
  lanes.demands.get(demandKey(command)) !== undefined

/**
 * Grants a queue position, if need be that of the newest waiter of the client that has the most.
 *
 * Source: A6, B9, B11.
 */
export const enqueue = (group: Group, command: Enqueue, now: number): Decision => {
  const channel = channelOf(group)
  if (!takesWork(group.channel) || channel.config === null) return denied("disabled")
  if (command.isReturning !== true && isHopeless(group, command, now)) return denied("deadline")
  const { lanes, config } = channel
  if (command.isReturning !== true && isLaneTooMany(group, command)) return denied("queue_full")
  if (lanes.size < config.queueSize || command.isReturning === true)
    return { kind: "facts", facts: [queued(group, command, now)] }
  const displaced = lanes.displaceable((lanes.waitingOf(command.client) + 1) / command.weight)
  if (config.queueSize === 0 || displaced === undefined) return denied("queue_full")
  const left = abandoned(group, { waiter: displaced, reason: "displaced", now })
  return { kind: "facts", facts: [left, { ...queued(group, command, now), depth: lanes.size }] }
}

/** A client waits in no more lanes than that for models that the channel does not name, beside those for each that it does and for each account. */
const isLaneTooMany = (group: Group, command: Enqueue): boolean => {
  const { config, lanes } = channelOf(group)
  const named = namedModels(config)
  if (named.has(command.model)) return false
  // A session's requests have lanes of their own, and so have those that are bound to an account.
  const lanesMost = 2 * (named.size + unnamedMost) + group.accounts.size
  return lanes.otherLanesOf(command) >= lanesMost
}

/** A request that cannot be served before its deadline is refused when it arrives. Source: B11. */
const isHopeless = (group: Group, command: Enqueue, now: number): boolean => {
  if (command.deadlineAt === null) return false
  const waitMs = expectedWaitMs(group, command)
  return waitMs !== null && now + waitMs > command.deadlineAt
}

/** Returns how long the next request of a client is likely to wait; `null` where nothing is known of it. Source: B11. */
export const expectedWaitMs = (
  group: Group,
  { client, weight, model, account }: Pick<Enqueue, "client" | "weight" | "model" | "account">,
): number | null => {
  const { lanes, holds } = channelOf(group)
  const meanMs = meanServiceTimeMs(holds, model)
  if (meanMs === null) return null
  if (account === undefined) {
    const limit = channelOf(group).config?.mode === "soft" ? group.accountsLimit : limitOf(group)
    return limit === null ? null : ((lanes.ahead(client, weight) + 1) * meanMs) / Math.max(1, limit)
  }
  const limit = slotsOf(contextOf(accountOf(group, account)))
  return limit === null ? null : ((lanes.demands.waitingFor(account) + 1) * meanMs) / limit
}

/** Takes a waiter out of the queue; one that is no longer there was granted or is due, and nothing happens. Source: A8. */
export const leave = (group: Group, command: Leave, now: number): Decision => {
  const waiter = channelOf(group).lanes.get(command.request)
  const facts = waiter === undefined ? [] : [abandoned(group, { waiter, reason: command.reason, now })]
  return { kind: "facts", facts }
}

/** Counts refusals. Source: A11. */
export const refuse = (group: Group, { request, reason, count }: Refuse, now: number): Decision => {
  const { config, leases, lanes } = channelOf(group)
  const actor = actorName("channel", config?.id ?? "")
  const counts = { inFlight: leases.size, waiting: lanes.size, count }
  return { kind: "facts", facts: [{ actor, type: "channel.rejected", at: now, request, reason, ...counts }] }
}

/** The fact that a waiter left the queue without a slot. */
export const abandoned = (
  group: Group,
  options: {
    waiter: Waiter
    reason: Extract<ChannelFact, { type: "channel.abandoned" }>["reason"]
    now: number
  },
): ChannelFact => {
  const { waiter, reason, now } = options
  const { config, lanes } = channelOf(group)
  return {
    actor: actorName("channel", config?.id ?? ""),
    type: "channel.abandoned",
    at: now,
    request: waiter.request,
    attempt: waiter.attempt,
    waitMs: now - waiter.queuedAt,
    reason,
    depth: lanes.size - 1,
  }
}

const queued = (group: Group, command: Enqueue, now: number) => {
  const { config, lanes } = channelOf(group)
  const { deadlineAt, timeoutMs: ownMs, waitedMs = 0, type: _, isReturning: __, ...applicant } = command
  const channelMs = config?.queueTimeoutMs ?? null
  const timeoutMs = ownMs === undefined ? channelMs : Math.min(ownMs, channelMs ?? ownMs)
  const leftMs = timeoutMs === null ? null : Math.min(Math.max(0, timeoutMs - waitedMs), longestSpanMs)
  const timeoutAt = leftMs === null ? null : now + subjectSpan(leftMs, group.aheadMs)
  // When both fall together the deadline counts: leaving wins over the timeout (A8).
  const isDeadline = deadlineAt !== null && (timeoutAt === null || deadlineAt <= timeoutAt)
  return {
    ...applicant,
    actor: actorName("channel", config?.id ?? ""),
    type: "channel.queued",
    at: now,
    class: command.account === undefined ? "new" : "bound",
    lane: `${command.client} ${demandKey(command)}`,
    dueAt: isDeadline ? deadlineAt : timeoutAt,
    dueReason: isDeadline ? "deadline" : "queue_timeout",
    depth: lanes.size + 1,
  } as const
}
