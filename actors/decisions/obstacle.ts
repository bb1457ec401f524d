import { actorName } from "@sluice/events/identifier.ts"
import type { PassedOver } from "@sluice/events/ingress.ts"
import type { AccountContext } from "../account/context.ts"
import { slotsFor } from "../account/limit.ts"
import { bucketSizeOf, expectedTokens } from "../account/rates.ts"
import { windowStateFor } from "../account/windows.ts"
import { type AccountActor, channelOf, contextOf, type Group, inFlightBefore } from "../group/group.ts"
import { risesAt, wholeOf } from "../limit/learned-limit.ts"
import { hasRoom } from "../limit/limit.ts"
import type { Demand } from "../queue/demand.ts"
import { cooling } from "../rules/cooldown.ts"
import { ofModel } from "../rules/named-models.ts"
import { type Probe, probeOf } from "../rules/probe.ts"
import { isAllReserved } from "../rules/reservation.ts"
import { availableAt } from "../rules/token-bucket.ts"
import { isCurrent } from "../rules/window.ts"
import type { Applicant, Obstacle } from "./command.ts"

/** What is asked of the accounts of a channel. */
export interface Asked {
  readonly now: number
  readonly of: Pick<Applicant, "model" | "session" | "estimate">
  /** The accounts that must not carry it. */
  readonly tried?: ReadonlySet<string>
  /** What the one whose turn it is waits for; a newcomer waits for nothing yet. */
  readonly demand?: Demand
  /** Whether it would test an account that fails. Source: C7. */
  readonly isProbe?: boolean
}

/** Tells whether a request's session is registered on an account. Source: docs/glossary.md. */
export const isBound = ({ sessions }: AccountContext, { session }: Pick<Applicant, "session">): boolean =>
  session !== undefined && sessions.get(session) !== undefined

/**
 * Tells why an account cannot take an attempt now, or `null` where it can.
 *
 * What ends by itself or by an operator comes before what the next completion ends.
 * Source: B8.
 */
export const obstacleOf = (group: Group, actor: AccountActor, asked: Asked): PassedOver | null => {
  const account = contextOf(actor)
  const { config } = account
  if (config === null) return "disabled"
  if (asked.tried?.has(config.id)) return "tried"
  // Nobody waits for slots that are all kept for bound requests, whatever else ends by itself (A4).
  if (isAllReserved(config.reservedConcurrency, wholeOf(account)) && !isBound(account, asked.of))
    return "reserved"
  return coolingOf(group, account, asked) ?? limitOf(group, account, asked) ?? bucketOf(group, actor, asked)
}

const coolingOf = (group: Group, account: AccountContext, asked: Asked): PassedOver | null => {
  const { now, of } = asked
  const guardMs = channelOf(group).config?.cooldown.guardMs ?? 0
  if (account.cooldown !== null) {
    const left = cooling(account.cooldown, { now, guardMs })
    const probe = testsOf(account, asked)
    // Nobody is sent beside the one that tests.
    if (left !== null && probe !== undefined && probe.lease !== null) return "saturated"
    if (left !== null && (probe === undefined || probe.at > now)) return left
  }
  const cooldown = ofModel(account.modelCooldowns, of.model)
  return cooldown !== undefined && cooling(cooldown, { now, guardMs }) !== null ? "model_cooling" : null
}

const testsOf = (account: AccountContext, asked: Asked): Probe | undefined =>
  asked.isProbe === true ? probeOf(account) : undefined

const limitOf = (group: Group, account: AccountContext, { now, of }: Asked): PassedOver | null => {
  const { config, sessions, leases, gateUntil } = account
  if (config === null) return "disabled"
  const isOfSession = isBound(account, of)
  if (config.windowCost.limitUsd > 0) {
    const state = windowStateFor(account, now)
    if (state === "exhausted" || (state === "sticky_only" && !isOfSession)) return "window_cost"
  }
  const isOverCap = !isOfSession && config.maxSessions !== null && sessions.size >= config.maxSessions
  if (isOverCap && of.session !== undefined) return "session_limit"
  if (gateUntil !== null && now < gateUntil) return "saturated"
  const inFlight = leases.size + inFlightBefore(group, account)
  return hasRoom(slotsFor(account, isOfSession ? "bound" : "new", now), inFlight) ? null : "saturated"
}

const bucketOf = (group: Group, actor: AccountActor, asked: Asked): PassedOver | null => {
  const account = contextOf(actor)
  if (bucketSizeOf(account, "rpm") === null && bucketSizeOf(account, "tpm") === null) return null
  const { rpm, tpm } = bucketsOpenAt(account, asked)
  if (rpm > asked.now) return "rpm"
  if (tpm > asked.now) return "tpm"
  return holderOf(group, actor, asked) === undefined ? null : "tpm"
}

/** Gives the other demand whose first waiter an account's tokens are kept for: they are not taken from under it. Source: A6. */
export const holderOf = (group: Group, actor: AccountActor, { demand }: Asked): Demand | undefined => {
  const holder = group.holds.get(actor)
  if (holder === undefined || holder === demand) return undefined
  return channelOf(group).lanes.demands.isShut(holder) ? holder : undefined
}

/** Gives when the tokens of an account can be had: not before the one that they are kept for is looked at again. */
const tokensOpenAt = (group: Group, actor: AccountActor, asked: Asked): number => {
  const { rpm, tpm } = bucketsOpenAt(contextOf(actor), asked)
  const holder = holderOf(group, actor, asked)
  const keptUntil = holder === undefined ? null : channelOf(group).lanes.demands.reopensAtOf(holder)
  return Math.max(rpm, tpm, keptUntil ?? 0)
}

const bucketsOpenAt = (
  account: AccountContext,
  { now, of }: Asked,
): { readonly rpm: number; readonly tpm: number } => {
  const rpm = bucketSizeOf(account, "rpm")
  const tpm = bucketSizeOf(account, "tpm")
  return {
    rpm: rpm === null ? now : availableAt(account.rpm, rpm, { amount: 1, now }),
    tpm:
      tpm === null
        ? now
        : availableAt(account.tpm, tpm, { amount: expectedTokens(account, of.estimate), now }),
  }
}

/** Gives when an obstacle of an account ends by itself, or `null` where that is not known. Source: B10. */
const opensAt = (
  group: Group,
  actor: AccountActor,
  { reason, asked }: { readonly reason: PassedOver; readonly asked: Asked },
): number | null => {
  const account = contextOf(actor)
  switch (reason) {
    case "cooling":
    case "cooling_soon":
      return testsOf(account, asked)?.at ?? account.cooldown?.until ?? null
    case "model_cooling":
      return ofModel(account.modelCooldowns, asked.of.model)?.until ?? null
    case "window_cost":
      return isCurrent(account.window, asked.now) ? account.window.end : null
    case "saturated":
      return roomAt(account, asked.now)
    case "rpm":
    case "tpm":
      return tokensOpenAt(group, actor, asked)
    default:
      return null
  }
}

/** Gives when a full account takes one more by itself: when its gate opens, or when what is above its learned limit may be tested. Source: C3, F1. */
const roomAt = (account: AccountContext, now: number): number | null => {
  const { gateUntil } = account
  if (gateUntil !== null && gateUntil > now) return gateUntil
  const testAt = risesAt(account)
  return testAt !== null && testAt > now ? testAt : null
}

/** Who would test it waits for the test, not for the end of the cooldown. */
const isFailing = (account: AccountContext, reason: PassedOver, asked: Asked): boolean =>
  account.cooldown?.classification === "failing" &&
  (reason === "cooling" || reason === "cooling_soon") &&
  testsOf(account, asked) === undefined

/** Tells why each account cannot take an attempt now, or the one that it is bound to. Source: B8. */
export const obstacles = (group: Group, asked: Asked, only?: string): ReadonlyArray<Obstacle> => {
  const closed = [...group.suspended].flatMap((actor): ReadonlyArray<Obstacle> => {
    const id = contextOf(actor).config?.id
    return id === undefined ? [] : [{ account: id, reason: "suspended", until: null }]
  })
  const inTheWay = candidatesOf(group, only).flatMap((actor): ReadonlyArray<Obstacle> => {
    const account = contextOf(actor)
    const reason = obstacleOf(group, actor, asked)
    const id = account.config?.id
    return reason === null || id === undefined
      ? []
      : [
          {
            account: id,
            reason,
            until: opensAt(group, actor, { reason, asked }),
            isFailing: isFailing(account, reason, asked),
          },
        ]
  })
  const found = [...inTheWay, ...closed]
  return found.length > 0 ? found : [{ reason: "disabled", until: null }]
}

/** Gives the accounts that come into question: all usable ones, or the one that a request is bound to. */
export const candidatesOf = (group: Group, only: string | undefined): ReadonlyArray<AccountActor> => {
  if (only === undefined) return group.usable
  const actor = group.accounts.get(actorName("account", only))
  return actor !== undefined && group.usable.includes(actor) ? [actor] : []
}
