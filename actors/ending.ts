import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext, AccountLease } from "./account.ts"
import { abandoned } from "./admission.ts"
import type { Decision, Meter, Recover, Rejection429, Release } from "./command.ts"
import { backoffMs } from "./cooldown.ts"
import { costNanoUsd } from "./cost.ts"
import { accountOf, channelOf, contextOf, type Group } from "./group.ts"

const nothing: Decision = { kind: "facts", facts: [] }

/** Records what an attempt used, once: asked again, or of a lease that has ended, it does nothing. Source: D3. */
export const meter = (group: Group, command: Meter, now: number): Decision => {
  const account = contextOf(accountOf(group, command.account))
  const held = account.leases.get(command.lease)
  if (held === undefined || held.metered) return nothing
  return { kind: "facts", facts: [usageRecorded(account, held, { ...command, now })] }
}

/**
 * Ends a lease once its linger is over: asked before that it says when, asked twice it does nothing.
 *
 * Source: A9, C3.
 */
export const release = (group: Group, command: Release, now: number): Decision => {
  const channel = channelOf(group)
  const account = contextOf(accountOf(group, command.account))
  const held = account.leases.get(command.lease)
  if (held === undefined || channel.config === null || account.config === null) return nothing
  const freeAt = command.endedAt + lingerMs(channel.config, command)
  if (now < freeAt) return { kind: "later", at: freeAt }
  const ended = {
    at: now,
    request: held.request,
    attempt: held.attempt,
    lease: held.lease,
    outcome: command.outcome,
    status: command.status,
    holdMs: now - held.acquiredAt,
    ttftMs: command.ttftMs,
  }
  const rejection = command.rejection
  const evidence =
    rejection === undefined
      ? {}
      : { classification: rejection.classification, evidence: rejection.evidence, model: held.model }
  const facts: Array<Fact> = [
    {
      ...ended,
      actor: actorName("channel", channel.config.id),
      type: "channel.released",
      account: account.config.id,
      inFlight: channel.leases.size - 1,
    },
    {
      ...ended,
      actor: actorName("account", account.config.id),
      type: "account.released",
      startedAt: held.acquiredAt,
      inFlight: account.leases.size - 1,
      ...evidence,
    },
  ]
  if (rejection !== undefined) facts.push(...cool(group, { account, held, rejection, command, now }))
  return { kind: "facts", facts }
}

/** Ends every lease and every wait that a dead host left behind, booking the estimates of what was never metered. Source: L12, D4. */
export const recover = (group: Group, command: Recover, now: number): Decision => {
  const channel = channelOf(group)
  const waits = channel.lanes.toJSON().flatMap(({ waiters }) => waiters)
  const facts: Array<Fact> = waits.map((waiter) => abandoned(group, { waiter, reason: "holder_lost", now }))
  let inFlight = channel.leases.size
  for (const actor of group.accounts.values()) {
    const account = contextOf(actor)
    let inFlightOfAccount = account.leases.size
    for (const held of account.leases.values()) {
      inFlight -= 1
      inFlightOfAccount -= 1
      facts.push(...expired(group, { account, held, inFlight, inFlightOfAccount, command, now }))
    }
  }
  return { kind: "facts", facts }
}

const expired = (
  group: Group,
  options: {
    account: AccountContext
    held: AccountLease
    inFlight: number
    inFlightOfAccount: number
    command: Recover
    now: number
  },
): ReadonlyArray<Fact> => {
  const { account, held, command, now } = options
  const { request, attempt, lease } = held
  const ended = { at: now, request, attempt, lease, reason: "holder_lost" } as const
  const id = account.config?.id ?? ""
  const booked = usageRecorded(account, held, {
    model: held.model,
    tokens: { ...noTokens, input: held.estimate.inputTokens, output: held.estimate.outputTokens },
    ...command.costOf(held.model, held.estimate),
    complete: false,
    estimated: true,
    now,
  })
  const channel = actorName("channel", channelOf(group).config?.id ?? "")
  return [
    ...(held.metered ? [] : [booked]),
    { ...ended, actor: channel, type: "channel.expired", account: id, inFlight: options.inFlight },
    {
      ...ended,
      actor: actorName("account", id),
      type: "account.expired",
      inFlight: options.inFlightOfAccount,
    },
  ]
}

const noTokens = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

const usageRecorded = (
  account: AccountContext,
  held: AccountLease,
  usage: Omit<Meter, "type" | "lease" | "account"> & { now: number },
): Fact => {
  const multiplier = account.config?.costMultiplier ?? 1
  return {
    actor: actorName("account", account.config?.id ?? ""),
    type: "account.usage_recorded",
    at: usage.now,
    request: held.request,
    attempt: held.attempt,
    lease: held.lease,
    client: held.client,
    model: usage.model,
    tokens: usage.tokens,
    standardCostNanoUsd: usage.standardCostNanoUsd,
    costNanoUsd: costNanoUsd(usage.standardCostNanoUsd, multiplier),
    multiplier,
    priced: usage.priced,
    complete: usage.complete,
    estimated: usage.estimated,
    prices: usage.prices,
  }
}

const lingerMs = (
  config: { abortLingerMs: number; releaseLingerMs: number },
  { outcome, dispatched }: Release,
): number => {
  if (!dispatched) return 0
  const isAbort = outcome === "client_closed" || outcome === "timeout" || outcome === "aborted"
  return isAbort ? config.abortLingerMs : config.releaseLingerMs
}

/**
 * The cooldown that a provider's rejection begins, or the later end that it gives to the one in force.
 *
 * An attempt that began before the cooldown, or before the end of the last one, tells nothing of its own: it does not raise `n`, and only the provider's own word can make it last longer.
 * Source: C3, C4.
 */
const cool = (
  group: Group,
  options: {
    account: AccountContext
    held: AccountLease
    rejection: Rejection429
    command: Release
    now: number
  },
): ReadonlyArray<Fact> => {
  const { account, held, rejection, command, now } = options
  const config = channelOf(group).config
  if (config === null || account.config === null) return []
  const inForce = account.cooldown
  const isLate = inForce !== null || (account.consecutive > 0 && held.acquiredAt < account.cooledAt)
  const n = isLate ? Math.max(1, account.consecutive) : account.consecutive + 1
  const drawnMs = backoffMs(config.cooldown, {
    classification: rejection.classification,
    n,
    jitter: command.jitter,
  })
  const byBackoff = inForce === null ? now + drawnMs : 0
  const byRetryAfter = rejection.retryAfterMs === null ? 0 : now + rejection.retryAfterMs
  const until = Math.max(inForce?.until ?? 0, byBackoff, byRetryAfter)
  if (until === inForce?.until) return []
  return [
    {
      actor: actorName("account", account.config.id),
      type: inForce === null ? "account.cooldown_started" : "account.cooldown_extended",
      at: now,
      id: inForce?.id ?? `${account.config.id}:${held.lease}`,
      until,
      consecutive: n,
      classification: rejection.classification,
      evidence: rejection.evidence,
      source: until === byRetryAfter ? "retry_after" : "backoff",
      backoffMs: drawnMs,
      retryAfterMs: rejection.retryAfterMs,
      status: command.status,
      summary: rejection.summary,
    },
  ]
}
