import type { RequestClass } from "@sluice/events/field.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { PassedOver } from "@sluice/events/ingress.ts"
import type { AccountContext } from "../account/context.ts"
import { slotsFor } from "../account/limit.ts"
import { bucketSizeOf, expectedTokens } from "../account/rates.ts"
import { type AccountActor, isLearning, isSaturated } from "../account/states.ts"
import { windowStateFor } from "../account/windows.ts"
import { channelOf, contextOf, type Group, inFlightBefore } from "../group/group.ts"
import { risesAt, wholeOf } from "../limit/learned-limit.ts"
import { hasRoom } from "../limit/limit.ts"
import { isCooling } from "../machine/states.ts"
import type { Demand } from "../queue/demand.ts"
import { cooling } from "../rules/cooldown.ts"
import { ofModel } from "../rules/named-models.ts"
import { type Probe, probeOf } from "../rules/probe.ts"
import { isAllReserved } from "../rules/reservation.ts"
import { availableAt } from "../rules/token-bucket.ts"
import { isCurrent } from "../rules/window.ts"
import type { Applicant, Denial } from "./command.ts"

/** What is asked of the accounts of a channel. */
export interface SlotQuery {
  readonly now: number
  readonly of: Pick<Applicant, "model" | "session" | "estimate">
  /** The accounts that must not carry it. */
  readonly tried?: ReadonlySet<string>
  /** What the one whose turn it is waits for; a newcomer waits for nothing yet. */
  readonly demand?: Demand
  /** True if it would test an account that fails. Source: C7. */
  readonly isProbe?: boolean
}

/** True if a request's session is registered on an account. Source: docs/glossary.md. */
export const isBound = ({ sessions }: AccountContext, { session }: Pick<Applicant, "session">): boolean =>
  session !== undefined && sessions.get(session) !== undefined

/**
 * Tells why an account cannot take an attempt now, or `null` where it can.
 *
 * What ends by itself or by an operator comes before what the next completion ends.
 * Source: B8.
 */
export const denialOf = (group: Group, actor: AccountActor, query: SlotQuery): PassedOver | null => {
  const account = contextOf(actor)
  const { config } = account
  if (config === null) return "disabled"
  if (query.tried?.has(config.id)) return "tried"
  // Nobody waits for slots that are all kept for bound requests, whatever else ends by itself (A4).
  if (isAllReserved(config.reservedConcurrency, wholeOf(account)) && !isBound(account, query.of))
    return "reserved"
  return coolingOf(group, actor, query) ?? limitOf(group, actor, query) ?? bucketOf(group, actor, query)
}

const coolingOf = (group: Group, actor: AccountActor, query: SlotQuery): PassedOver | null => {
  const account = contextOf(actor)
  const { now, of } = query
  const guardMs = channelOf(group).config?.cooldown.guardMs ?? 0
  if (isCooling(actor) && account.cooldown !== null) {
    const left = cooling(account.cooldown, { now, guardMs })
    const probe = testsOf(account, query)
    // Nobody is sent beside the one that tests.
    if (left !== null && probe !== undefined && probe.lease !== null) return "saturated"
    if (left !== null && (probe === undefined || probe.at > now)) return left
  }
  const cooldown = ofModel(account.modelCooldowns, of.model)
  return cooldown !== undefined && cooling(cooldown, { now, guardMs }) !== null ? "model_cooling" : null
}

const testsOf = (account: AccountContext, query: SlotQuery): Probe | undefined =>
  query.isProbe === true ? probeOf(account) : undefined

const limitOf = (group: Group, actor: AccountActor, { now, of }: SlotQuery): PassedOver | null => {
  const account = contextOf(actor)
  const { config, sessions, gateUntil } = account
  if (config === null) return "disabled"
  const isOfSession = isBound(account, of)
  if (config.windowCost.limitUsd > 0) {
    const state = windowStateFor(account, now)
    if (state === "exhausted" || (state === "sticky_only" && !isOfSession)) return "window_cost"
  }
  const isOverCap = !isOfSession && config.maxSessions !== null && sessions.size >= config.maxSessions
  if (isOverCap && of.session !== undefined) return "session_limit"
  if (gateUntil !== null && now < gateUntil) return "saturated"
  return hasSlot(group, actor, { requestClass: isOfSession ? "bound" : "new", now }) ? null : "saturated"
}

/** True if an account has a slot for a request of a class: one of its limit in force, or above it where it learns and may test. Source: A2, A4, F1. */
const hasSlot = (
  group: Group,
  actor: AccountActor,
  { requestClass, now }: { readonly requestClass: RequestClass; readonly now: number },
): boolean => {
  const account = contextOf(actor)
  const before = inFlightBefore(group, account)
  const isWhole = account.config?.reservedConcurrency === 0 || requestClass === "bound"
  if (!isLearning(actor) && before === 0 && (isWhole || isSaturated(actor))) return !isSaturated(actor)
  return hasRoom(slotsFor(account, requestClass, now), account.leases.size + before)
}

const bucketOf = (group: Group, actor: AccountActor, query: SlotQuery): PassedOver | null => {
  const account = contextOf(actor)
  if (bucketSizeOf(account, "rpm") === null && bucketSizeOf(account, "tpm") === null) return null
  const { rpm, tpm } = bucketsOpenAt(account, query)
  if (rpm > query.now) return "rpm"
  if (tpm > query.now) return "tpm"
  return bucketReserverOf(group, actor, query) === undefined ? null : "tpm"
}

/** Returns the other demand whose first waiter an account's tokens are kept for: they are not taken from under it. Source: A6. */
export const bucketReserverOf = (
  group: Group,
  actor: AccountActor,
  { demand }: SlotQuery,
): Demand | undefined => {
  const holder = group.bucketReservations.get(actor)
  if (holder === undefined || holder === demand) return undefined
  return channelOf(group).lanes.demands.isShut(holder) ? holder : undefined
}

/** Returns when the tokens of an account can be had: not before the one that they are kept for is looked at again. */
const tokensOpenAt = (group: Group, actor: AccountActor, query: SlotQuery): number => {
  const { rpm, tpm } = bucketsOpenAt(contextOf(actor), query)
  const holder = bucketReserverOf(group, actor, query)
  const keptUntil = holder === undefined ? null : channelOf(group).lanes.demands.reopensAtOf(holder)
  return Math.max(rpm, tpm, keptUntil ?? 0)
}

const bucketsOpenAt = (
  account: AccountContext,
  { now, of }: SlotQuery,
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

/** Returns when an denial of an account ends by itself, or `null` where that is not known. Source: B10. */
const opensAt = (
  group: Group,
  actor: AccountActor,
  { reason, query }: { readonly reason: PassedOver; readonly query: SlotQuery },
): number | null => {
  const account = contextOf(actor)
  switch (reason) {
    case "cooling":
    case "cooling_soon":
      return testsOf(account, query)?.at ?? account.cooldown?.until ?? null
    case "model_cooling":
      return ofModel(account.modelCooldowns, query.of.model)?.until ?? null
    case "window_cost":
      return isCurrent(account.window, query.now) ? account.window.end : null
    case "saturated":
      return roomAt(account, query.now)
    case "rpm":
    case "tpm":
      return tokensOpenAt(group, actor, query)
    case "disabled":
    case "protocol":
    case "model":
    case "suspended":
    case "session_limit":
    case "reserved":
    case "deadline":
    case "queue_full":
    case "tried":
    case "log_unavailable":
      return null
  }
}

/** Returns when a full account takes one more by itself: when its gate opens, or when what is above its learned limit may be tested. Source: C3, F1. */
const roomAt = (account: AccountContext, now: number): number | null => {
  const { gateUntil } = account
  if (gateUntil !== null && gateUntil > now) return gateUntil
  const testAt = risesAt(account)
  return testAt !== null && testAt > now ? testAt : null
}

/** Who would test it waits for the test, not for the end of the cooldown. */
const isFailing = (account: AccountContext, reason: PassedOver, query: SlotQuery): boolean =>
  account.cooldown?.classification === "failing" &&
  (reason === "cooling" || reason === "cooling_soon") &&
  testsOf(account, query) === undefined

/** Tells why each account cannot take an attempt now, or the one that it is bound to. Source: B8. */
export const denials = (group: Group, query: SlotQuery, only?: string): ReadonlyArray<Denial> => {
  const closed = [...group.suspended].flatMap((actor): ReadonlyArray<Denial> => {
    const id = contextOf(actor).config?.id
    return id === undefined ? [] : [{ account: id, reason: "suspended", until: null }]
  })
  const inTheWay = candidatesOf(group, only).flatMap((actor): ReadonlyArray<Denial> => {
    const account = contextOf(actor)
    const reason = denialOf(group, actor, query)
    const id = account.config?.id
    return reason === null || id === undefined
      ? []
      : [
          {
            account: id,
            reason,
            until: opensAt(group, actor, { reason, query }),
            isFailing: isFailing(account, reason, query),
          },
        ]
  })
  const found = [...inTheWay, ...closed]
  return found.length > 0 ? found : [{ reason: "disabled", until: null }]
}

/** Returns the accounts that come into question: all usable ones, or the one that a request is bound to. */
export const candidatesOf = (group: Group, only: string | undefined): ReadonlyArray<AccountActor> => {
  if (only === undefined) return group.usable
  const actor = group.accounts.get(actorName("account", only))
  return actor !== undefined && group.usable.includes(actor) ? [actor] : []
}
