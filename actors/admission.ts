import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { Acquire, Applicant, Decision, Enqueue, Leave, Refuse } from "./command.ts"
import { channelOf, type Group, isEnabled } from "./group.ts"
import type { Waiter } from "./lanes.ts"
import { hasRoom } from "./limit.ts"
import { chooseAccount, grant, obstacles } from "./slot.ts"

/** The most facts that one decision or one chain of them yields. Source: L6. */
export const factsMax = 500

const refused = (reason: "disabled" | "saturated" | "queue_full"): Decision => ({
  kind: "rejected",
  obstacles: [{ reason }],
  until: null,
})

/**
 * Grants a slot at once, or says what stands in the way.
 *
 * Nobody is admitted while others wait: whoever waits could use the same slot (A6).
 */
export const acquire = (group: Group, command: Acquire, now: number): Decision => {
  const channel = channelOf(group)
  if (!isEnabled(channel)) return refused("disabled")
  if (channel.lanes.size > 0 || !hasRoom(channel.config?.maxConcurrent ?? null, channel.leases.size))
    return refused("saturated")
  const account = chooseAccount(group, { now, tried: command.tried })
  if (account !== undefined)
    return {
      kind: "facts",
      facts: grant(group, { applicant: command, account, now, waitMs: now - command.since }),
    }
  return {
    kind: "rejected",
    obstacles:
      group.usable.length === 0 ? [{ reason: "disabled" }] : obstacles(group, { now, tried: command.tried }),
    until: channel.cooldown?.until ?? null,
  }
}

/** Gives a place in the queue, if need be that of the newest waiter of the client that has the most. Source: A6. */
export const enqueue = (group: Group, command: Enqueue, now: number): Decision => {
  const channel = channelOf(group)
  if (!isEnabled(channel) || channel.config === null) return refused("disabled")
  const { lanes, config } = channel
  if (lanes.size < config.queueSize) return { kind: "facts", facts: [queued(group, command, now)] }
  const displaced = lanes.displaceable((lanes.waitingOf(command.client) + 1) / command.weight)
  if (config.queueSize === 0 || displaced === undefined) return refused("queue_full")
  const left = abandoned(group, { waiter: displaced, reason: "displaced", now })
  return { kind: "facts", facts: [left, { ...queued(group, command, now), depth: lanes.size }] }
}

/** Takes a waiter out of the queue; one that is no longer there was granted or is due, and nothing happens. Source: A8. */
export const leave = (group: Group, command: Leave, now: number): Decision => {
  const waiter = channelOf(group).lanes.get(command.request)
  const facts = waiter === undefined ? [] : [abandoned(group, { waiter, reason: command.reason, now })]
  return { kind: "facts", facts }
}

/** Counts a refusal. Source: A11. */
export const refuse = (group: Group, { request, reason }: Refuse, now: number): Decision => {
  const { config, leases, lanes } = channelOf(group)
  const actor = actorName("channel", config?.id ?? "")
  const counts = { inFlight: leases.size, waiting: lanes.size, count: 1 }
  return { kind: "facts", facts: [{ actor, type: "channel.rejected", at: now, request, reason, ...counts }] }
}

/** The fact that a waiter left the queue without a slot. */
export const abandoned = (
  group: Group,
  options: {
    waiter: Waiter
    reason: Extract<Fact, { type: "channel.abandoned" }>["reason"]
    now: number
  },
): Fact => {
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

const queued = (group: Group, command: Applicant & { deadlineAt: number | null }, now: number) => {
  const { config, lanes } = channelOf(group)
  const timeoutMs = config?.queueTimeoutMs ?? null
  const timeoutAt = timeoutMs === null ? null : now + timeoutMs
  // When both fall together the deadline counts: leaving wins over the timeout (A8).
  const isDeadline = command.deadlineAt !== null && (timeoutAt === null || command.deadlineAt <= timeoutAt)
  return {
    actor: actorName("channel", config?.id ?? ""),
    type: "channel.queued",
    at: now,
    request: command.request,
    attempt: command.attempt,
    class: command.class,
    client: command.client,
    weight: command.weight,
    model: command.model,
    lane: command.client,
    estimate: command.estimate,
    arrivedAt: command.arrivedAt,
    dueAt: isDeadline ? command.deadlineAt : timeoutAt,
    dueReason: isDeadline ? "deadline" : "queue_timeout",
    depth: lanes.size + 1,
  } as const
}
