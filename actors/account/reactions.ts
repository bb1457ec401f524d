import type { AccountFact } from "@sluice/events/account.ts"
import { isAdaptive } from "@sluice/events/configuration/adaptive-limit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { dueAcceptances, dueAdjustment, limitDueAt } from "../limit/limit-reactions.ts"
import type { Cooldown } from "../rules/cooldown.ts"
import { expiresAt } from "../rules/sessions.ts"
import { idleSlowStartMs, startsSlowly } from "../rules/slow-start.ts"
import { limitNanoUsd } from "../rules/window.ts"
import type { AccountContext } from "./context.ts"
import { raisedRates, ratesRiseAt } from "./rates.ts"

/** A limit that a rejection has lowered rises by one so often. Source: C3. */
const recoverEveryMs = 60_000

/** So many sessions of a closed account are let go in one decision. Source: L6. */
const sessionsAtOnce = 200

/** True if an account takes nothing new for good: only an operator can change that. */
export const isClosed = ({ config, removed, suspended }: AccountContext): boolean =>
  config?.enabled !== true || removed || suspended

/** Returns when something will happen to an account by itself, or `null`. Source: L3. */
export const accountDueAt = (account: AccountContext): number | null => {
  const { config, mode, cooldown, modelCooldowns, ramp, lowered, sessions, window, windowState } = account
  const stay = sessions.longestIdle
  let first = cooldown?.until ?? Infinity
  for (const model in modelCooldowns) first = Math.min(first, modelCooldowns[model]?.until ?? Infinity)
  if (ramp !== null) first = Math.min(first, slowStartEndsAt(account))
  if (lowered !== null) first = Math.min(first, lowered.since + recoverEveryMs)
  if (isAdaptive(mode))
    first = Math.min(first, limitDueAt(account) ?? Infinity, ratesRiseAt(account) ?? Infinity)
  if (stay !== undefined && config !== null)
    first = Math.min(first, expiresAt(stay, config.sessionIdleTimeoutMs))
  if (window !== null && windowState !== "open") first = Math.min(first, window.end)
  if (sessions.size > 0 && isClosed(account)) return 0
  return first === Infinity ? null : first
}

/** Decides the next thing that happens to an account by itself. Source: B6, B7, C3, C5, C6, D6. */
export const accountReactions = (account: AccountContext, now: number): ReadonlyArray<AccountFact> =>
  account.config === null
    ? []
    : (closedSessions(account, now) ??
      cooldownEnd(account, now) ??
      rampEnd(account, now) ??
      recoveredLimit(account, now) ??
      learnedLimit(account, now) ??
      acceptedByTime(account, now) ??
      raisedRates(account, now) ??
      expiredSession(account, now) ??
      windowEnd(account, now) ??
      [])

type Following = ReadonlyArray<AccountFact> | undefined

const named = ({ config }: AccountContext): `account/${string}` => actorName("account", config?.id ?? "")

const closedSessions = (account: AccountContext, now: number): Following => {
  const { sessions } = account
  if (sessions.size === 0 || !isClosed(account)) return undefined
  const ended = { actor: named(account), type: "account.session_released", at: now } as const
  return [...sessions.some(sessionsAtOnce)].map(({ session, stay, lastSeenAt }) => ({
    ...ended,
    session,
    stay,
    lastSeenAt,
    reason: "account_closed",
  }))
}

const cooldownEnd = (account: AccountContext, now: number): Following => {
  const { cooldown, modelCooldowns } = account
  const isOver = (one: Cooldown | null | undefined): one is Cooldown => (one?.until ?? Infinity) <= now
  const end = { actor: named(account), type: "account.cooldown_ended", at: now, reason: "elapsed" } as const
  if (isOver(cooldown)) {
    const ramped = { actor: named(account), type: "account.ramped", at: now, limit: 1 } as const
    return [{ ...end, id: cooldown.id }, ...(startsSlowly(cooldown.classification) ? [ramped] : [])]
  }
  const ofModel = Object.values(modelCooldowns).find(isOver)
  return ofModel && [{ ...end, id: ofModel.id }]
}

const slowStartEndsAt = ({ ramp, lastUsedAt }: AccountContext): number =>
  Math.max(ramp?.since ?? 0, lastUsedAt) + idleSlowStartMs

const rampEnd = (account: AccountContext, now: number): Following =>
  account.ramp === null || slowStartEndsAt(account) > now
    ? undefined
    : [{ actor: named(account), type: "account.ramped", at: now, limit: null }]

const recoveredLimit = (account: AccountContext, now: number): Following => {
  const { lowered, leases } = account
  if (lowered === null || lowered.since + recoverEveryMs > now) return undefined
  return [
    {
      actor: named(account),
      type: "account.limit_adjusted",
      at: now,
      from: lowered.limit,
      to: lowered.limit + 1,
      reason: "recovered",
      inFlight: leases.size,
      utilization: leases.size / lowered.limit,
      samples: 0,
      classification: null,
    },
  ]
}

const learnedLimit = (account: AccountContext, now: number): Following => {
  const adjusted = dueAdjustment(account)
  return adjusted && [{ actor: named(account), type: "account.limit_adjusted", at: now, ...adjusted }]
}

const acceptedByTime = (account: AccountContext, now: number): Following => {
  const accepted = { actor: named(account), type: "account.accepted", at: now } as const
  const due = dueAcceptances(account, now)
  return due.length === 0 ? undefined : due.map((told) => ({ ...accepted, ...told }))
}

const expiredSession = (account: AccountContext, now: number): Following => {
  const idle = account.sessions.longestIdle
  if (idle === undefined || account.config === null) return undefined
  if (expiresAt(idle, account.config.sessionIdleTimeoutMs) > now) return undefined
  const { session, stay, lastSeenAt } = idle
  return [{ actor: named(account), type: "account.session_expired", at: now, session, stay, lastSeenAt }]
}

const windowEnd = (account: AccountContext, now: number): Following => {
  const { config, window, windowState } = account
  if (config === null || window === null || windowState === "open" || window.end > now) return undefined
  return [
    {
      actor: named(account),
      type: "account.window_state",
      at: now,
      start: window.start,
      state: "open",
      costNanoUsd: 0,
      limitNanoUsd: limitNanoUsd(config.windowCost.limitUsd),
    },
  ]
}
