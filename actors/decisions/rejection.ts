import type { AccountFact } from "@sluice/events/account.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { Classification } from "@sluice/events/field.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { subjectSpan } from "@sluice/events/subject-span.ts"
import type { AccountContext, AccountLease } from "../account/context.ts"
import { slotsOf } from "../account/limit.ts"
import { isToldOfChannel } from "../channel/limit.ts"
import { channelOf, type Group } from "../group/group.ts"
import { learningOf, type LimitHolder, ownLimitOf, wholeOf } from "../limit/learned-limit.ts"
import type { Limit } from "../limit/limit.ts"
import { backoffMs, type Cooldown } from "../rules/cooldown.ts"
import { displacedBy, ofModel } from "../rules/named-models.ts"
import { firstProbe, isOfBefore, isUntested, nextProbe } from "../rules/probe.ts"
import type { Rejection429, Release } from "./command.ts"

/** An attempt that has ended, on the account that carried it. */
export interface EndedAttempt {
  readonly account: AccountContext
  readonly held: AccountLease
  readonly command: Release
  readonly now: number
}

const firstGateMs = 250
const longestGateMs = 8_000
const jitterShare = 0.1

/** Returns until when an account's gate closes after a rejection for concurrency: 0.25 s doubling to 8 s, unless an attempt ends before. Source: C3. */
export const gateUntil = ({ gates }: AccountContext, { jitter }: Release, now: number): number =>
  now + Math.round(Math.min(firstGateMs * 2 ** gates * (1 + jitterShare * jitter), longestGateMs))

/**
 * What a rejection for concurrency makes of a limit: what the provider says; else of a fixed one as many as were in flight, less the rejected one. A learned one is left to what the evidence comes to.
 *
 * Source: C3, F5, F6.
 */
export const loweredLimit = (group: Group, { account, command, now }: EndedAttempt): ReadonlyArray<Fact> => {
  const channel = channelOf(group)
  const stated = command.rejection?.statedLimit ?? null
  if (!isToldOfChannel(channel, account)) {
    const inForce = slotsOf({ ...account, ramp: null })
    const adjusted = lowered(account, { stated, inForce, whole: wholeOf(account) })
    const actor = actorName("account", account.config?.id ?? "")
    return adjusted === undefined ? [] : [{ actor, type: "account.limit_adjusted", at: now, ...adjusted }]
  }
  const adjusted = lowered(channel, { stated, inForce: ownLimitOf(channel), whole: wholeOf(channel) })
  const actor = actorName("channel", channel.config?.id ?? "")
  return adjusted === undefined ? [] : [{ actor, type: "channel.limit_adjusted", at: now, ...adjusted }]
}

const lowered = (
  holder: LimitHolder,
  {
    stated,
    inForce,
    whole,
  }: { readonly stated: number | null; readonly inForce: Limit; readonly whole: Limit },
) => {
  const learning = learningOf(holder)
  if (inForce === null || (stated === null && learning !== null)) return undefined
  const inFlight = holder.leases.size
  // What the provider says is believed, also where less was guessed before.
  const to = Math.max(
    1,
    stated === null ? Math.min(inForce, inFlight - 1) : Math.min(whole ?? stated, stated),
  )
  if (to === inForce) return undefined
  return {
    from: inForce,
    to,
    reason: stated === null ? "rejected" : "stated",
    inFlight,
    utilization: inFlight / inForce,
    samples: learning?.samples ?? 1,
    classification: "concurrency",
  } as const
}

/** Why an account cools that no provider has rejected. */
const failing: Rejection429 = {
  classification: "failing",
  evidence: {},
  retryAfterMs: null,
  resetAt: null,
  isOfModel: false,
  statedLimit: null,
  summary: "attempts fail one after the other",
}

/** The cooldown of an account whose attempts fail, and when a request may test it meanwhile. Source: C7. */
export const coolAsFailing = (group: Group, ended: EndedAttempt): ReadonlyArray<AccountFact> =>
  cool(group, { ...ended, rejection: failing }).map((fact) =>
    fact.type === "account.cooldown_started" ? { ...fact, probe: probeAfter(ended, fact.until) } : fact,
  )

/** The first attempt after a cooldown has been a test, too. */
const probeAfter = ({ account, command, now }: EndedAttempt, until: number) =>
  isUntested(account.ramp) && account.probe !== undefined
    ? nextProbe(account, { now, until, jitter: command.jitter })
    : firstProbe(now)

/**
 * The cooldown that a provider's rejection begins, or the later end that it gives to the one in force.
 *
 * An attempt that began before the cooldown, or before the end of the last one, tells nothing of its own: it does not raise `n`, and only the provider's own word can make it last longer.
 * Source: C3, C4.
 */
export const cool = (
  group: Group,
  { account, held, command, now, rejection }: EndedAttempt & { readonly rejection: Rejection429 },
): ReadonlyArray<AccountFact> => {
  const configuration = channelOf(group).config?.cooldown
  if (configuration === undefined || account.config === null) return []
  const { classification, evidence, retryAfterMs, summary } = rejection
  const model = rejection.isOfModel ? held.model : undefined
  const inForce = (model === undefined ? account.cooldown : ofModel(account.modelCooldowns, model)) ?? null
  const n = countOf(account, { inForce, held, classification, model })
  const drawnMs = backoffMs(configuration, { classification, n, jitter: command.jitter })
  // Both are spans of real time.
  const after = (spanMs: number): number => now + subjectSpan(spanMs, group.aheadMs)
  const ends = {
    // What counts is only lifted by the next completion has no time of its own.
    backoff: inForce === null && classification !== "concurrency" ? after(drawnMs) : 0,
    retry_after: retryAfterMs === null ? 0 : after(retryAfterMs),
    official_reset: rejection.resetAt ?? 0,
  }
  const until = Math.max(inForce?.until ?? now, ends.backoff, ends.retry_after, ends.official_reset)
  if (until <= (inForce?.until ?? now)) return []
  const source =
    until === ends.official_reset ? "official_reset" : until === ends.retry_after ? "retry_after" : "backoff"
  const cause = {
    actor: actorName("account", account.config.id),
    at: now,
    id: inForce?.id ?? `${account.config.id}:${held.lease}`,
    until,
    consecutive: n,
    classification,
    evidence,
    source,
    backoffMs: drawnMs,
    retryAfterMs,
    status: command.status,
    summary,
    ...(model === undefined ? {} : { model }),
  } as const
  if (inForce !== null) return [{ ...cause, type: "account.cooldown_extended" }]
  const displaced =
    model === undefined ? [] : displacedBy(account.modelCooldowns, model, channelOf(group).config)
  const end = { actor: cause.actor, type: "account.cooldown_ended", at: now, reason: "displaced" } as const
  return [...displaced.map(({ id }) => ({ ...end, id })), { ...cause, type: "account.cooldown_started" }]
}

/** Returns which cooldown in a row this is; one for concurrency is none. Source: C3, C4. */
const countOf = (
  account: AccountContext,
  of: {
    readonly inForce: Cooldown | null
    readonly held: AccountLease
    readonly classification: Classification
    readonly model: string | undefined
  },
): number => {
  const { consecutive, modelCounts } = account
  if (of.classification === "concurrency") return consecutive
  if (of.model !== undefined) return of.inForce?.consecutive ?? (ofModel(modelCounts, of.model) ?? 0) + 1
  const isLate = of.inForce !== null || (consecutive > 0 && isOfBefore(account, of.held))
  return isLate ? Math.max(1, consecutive) : consecutive + 1
}
