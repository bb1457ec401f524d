import type { Estimate } from "@sluice/events/field.ts"
import { actorName } from "@sluice/events/identifier.ts"
import {
  accountIn,
  burstOf,
  type Charge,
  fixedIn,
  type InQueue,
  type KnownAccount,
  type World,
} from "./world.ts"

/** What is asked of a channel, as far as the rules of admission look at it. */
export interface Asked {
  readonly model: string
  readonly estimate: Estimate
  readonly session?: string | undefined
  /** The only account that may carry it. */
  readonly account?: string | undefined
  /** True if it may test an account that fails. */
  readonly mayProbe?: boolean | undefined
}

/** Why an account may not carry a request. Several can hold at once. */
export type Reason =
  | "closed"
  | "suspended"
  | "cooling"
  | "gate"
  | "window"
  | "reserved"
  | "sessions"
  | "limit"
  | "tokens"

/** True if an account is there to be used, whatever else is in the way. */
export const isUsable = ({ config, isRemoved, isSuspended }: KnownAccount): boolean =>
  config.enabled && !isRemoved && !isSuspended

/** True if the channel takes new requests. */
export const isOpen = ({ channel, isRemoved }: World): boolean => channel?.enabled === true && !isRemoved

/** Returns the attempts in flight on an account. */
export const inFlightOn = (world: World, { id }: KnownAccount) =>
  world.inFlight.filter(({ account }) => account === id)

/** Returns how many attempts go with an account's credential on others that take nothing new with it. Source: A2. */
export const inFlightBefore = (world: World, account: KnownAccount): number =>
  world.inFlight.filter((one) => {
    const other = accountIn(world, one.account)
    const isDraining = other.isRemoved || !other.config.enabled || other.credential !== account.credential
    return (
      one.account !== account.id &&
      isDraining &&
      account.credential !== undefined &&
      one.credential === account.credential
    )
  }).length

/** True if a session is registered on an account. */
export const isRegistered = (world: World, { id }: KnownAccount, session: string | undefined): boolean =>
  session !== undefined && world.sessions.some((one) => one.account === id && one.session === session)

/** Returns the limit in force: the lowest of what is configured, what a rejection has left and how far the slow start is. Source: A2. */
export const limitInForce = (account: KnownAccount): number =>
  Math.min(
    fixedIn(account.config.concurrency) ?? Infinity,
    account.lowered ?? Infinity,
    account.ramp ?? Infinity,
  )

/** True if an account keeps all of its slots for bound requests. Source: A4. */
export const isKept = (account: KnownAccount): boolean => {
  const { reservedConcurrency } = account.config
  const limit = fixedIn(account.config.concurrency)
  return limit !== null && reservedConcurrency !== "auto" && reservedConcurrency >= limit
}

/** Returns how many slots an account reserves for bound requests. Source: A4, F11. */
export const reservedOf = (world: World, account: KnownAccount): number => {
  const { reservedConcurrency } = account.config
  const concurrency = fixedIn(account.config.concurrency)
  const limit = limitInForce(account)
  if (concurrency === null || reservedConcurrency === 0) return 0
  if (isKept(account)) return limit
  if (reservedConcurrency !== "auto")
    return limit < concurrency ? Math.min(reservedConcurrency, limit - 1) : reservedConcurrency
  if (limit < 4) return 0
  const load = inFlightOn(world, account).length / limit
  const share = account.seen < 100 ? 0.1 : 0.1 + 0.25 * Math.min(1, Math.max(0, 2 * load - 1))
  return Math.floor(limit * share)
}

/** Returns what a bucket holds at a time, by going through all that it ever gave. Source: C1. */
export const levelAt = (
  charges: ReadonlyArray<Charge>,
  { perMinute, burst, now }: { readonly perMinute: number; readonly burst: number; readonly now: number },
): number => {
  let level = Infinity
  let at = 0
  for (const charge of charges) {
    const before = Math.min(charge.burst, level + ((charge.at - at) * charge.perMinute) / 60_000)
    level = Math.min(charge.burst, before - charge.amount)
    at = charge.at
  }
  return Math.min(burst, level + ((now - at) * perMinute) / 60_000)
}

/** Less than so much of a token is the rounding of a sum. */
const rounding = 1e-6

const holds = (
  charges: ReadonlyArray<Charge>,
  of: { perMinute: number | null; burstSeconds: number; amount: number; now: number },
): boolean => {
  const { perMinute, burstSeconds, amount, now } = of
  if (perMinute === null) return true
  const burst = burstOf(perMinute, burstSeconds)
  return levelAt(charges, { perMinute, burst, now }) >= Math.min(amount, burst) - rounding
}

/** True if the buckets of the channel, or of an account, hold what a request takes. Source: C1. */
export const hasTokens = (of: World | KnownAccount, { estimate }: Asked, now: number): boolean => {
  const { rpm = null, tpm = null } = ("config" in of ? of.config : of.channel) ?? {}
  const burstSeconds = "config" in of ? of.burstSeconds : (of.channel?.burstSeconds ?? 0)
  const tokens = estimate.inputTokens + estimate.outputTokens
  return (
    holds(of.rpm, { perMinute: rpm, burstSeconds, amount: 1, now }) &&
    holds(of.tpm, { perMinute: tpm, burstSeconds, amount: tokens, now })
  )
}

/** Returns the cost of an account's window: what was recorded in it and what those in flight are expected to cost. Units: nano-USD. Source: D5, D6. */
export const windowCostOf = (world: World, account: KnownAccount, now: number): number => {
  const { window, costs } = account
  const recorded = costs.filter(({ at }) => window !== null && now < window.end && at >= window.start)
  const held = inFlightOn(world, account).filter(({ isMetered }) => !isMetered)
  return (
    recorded.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0) +
    held.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0)
  )
}

const isShutByWindow = (world: World, account: KnownAccount, of: { isBound: boolean; now: number }) => {
  const { limitUsd, stickyReserveUsd } = account.config.windowCost
  if (limitUsd === 0) return false
  const costUsd = windowCostOf(world, account, of.now) / 1e9
  return of.isBound ? costUsd > limitUsd + stickyReserveUsd : costUsd >= limitUsd
}

/** True if an account cools because its attempts fail. */
export const fails = (world: World, { id }: KnownAccount): boolean =>
  world.cooldowns.some(
    ({ actor, model, classification }) =>
      actor === actorName("account", id) && model === undefined && classification === "failing",
  )

/** True if an account that fails may be tested now: one request at a time, each after a pause. Source: C7. */
export const isTestDue = (world: World, account: KnownAccount, now: number): boolean =>
  fails(world, account) && account.testedBy === null && account.testAt !== null && account.testAt <= now

/** Returns every reason for which an account may not carry a request now. */
export const reasonsOf = (
  world: World,
  account: KnownAccount,
  asked: Asked,
  now: number,
): ReadonlyArray<Reason> => {
  const { id, config, gateUntil } = account
  const isBound = isRegistered(world, account, asked.session)
  const taken = inFlightOn(world, account).length + inFlightBefore(world, account)
  const limit = limitInForce(account)
  const isCooling = world.cooldowns.some(
    ({ actor, model, until }) =>
      actor === actorName("account", id) &&
      until > now &&
      (model ?? asked.model) === asked.model &&
      !(model === undefined && asked.mayProbe === true && isTestDue(world, account, now)),
  )
  const registered = world.sessions.filter((one) => one.account === id).length
  const isOverCap = !isBound && asked.session !== undefined && registered >= (config.maxSessions ?? Infinity)
  const reasons: Record<Reason, boolean> = {
    closed: !config.enabled || account.isRemoved,
    suspended: account.isSuspended,
    cooling: isCooling,
    gate: gateUntil !== null && now < gateUntil,
    window: isShutByWindow(world, account, { isBound, now }),
    reserved: !isBound && (isKept(account) || taken >= limit - reservedOf(world, account)),
    sessions: isOverCap,
    limit: taken >= limit,
    tokens: !hasTokens(account, asked, now),
  }
  return (Object.keys(reasons) as Array<Reason>).filter((reason) => reasons[reason])
}

/** Returns every reason for which the channel itself may not carry a request now. */
export const reasonsOfChannel = (world: World, asked: Asked, now: number): ReadonlyArray<Reason> => {
  const { channel, inFlight, cooldowns } = world
  const isFull =
    channel?.mode !== "soft" && inFlight.length >= (fixedIn(channel?.maxConcurrent ?? null) ?? Infinity)
  const isBlocked = cooldowns.some(
    ({ actor, model, until }) => actor.startsWith("channel/") && model === asked.model && until > now,
  )
  return [
    ...(isOpen(world) ? [] : (["closed"] as const)),
    ...(isFull ? (["limit"] as const) : []),
    ...(isBlocked ? (["cooling"] as const) : []),
    ...(hasTokens(world, asked, now) ? [] : (["tokens"] as const)),
  ]
}

/** Returns the accounts that a request may go to: the one that it is bound to, or all that can be used. */
export const candidatesOf = (world: World, { account }: Asked): ReadonlyArray<KnownAccount> =>
  account === undefined ? world.accounts.filter(isUsable) : [accountIn(world, account)].filter(isUsable)

/** Returns the accounts that could carry a request now, the channel aside; those that fail only where no other is left. */
export const openTo = (world: World, asked: Asked, now: number): ReadonlyArray<KnownAccount> => {
  const candidates = candidatesOf(world, asked)
  const isOpenTo = (account: KnownAccount): boolean => reasonsOf(world, account, asked, now).length === 0
  const well = candidates.filter((account) => !fails(world, account))
  return well.length > 0 ? well.filter(isOpenTo) : candidates.filter(isOpenTo)
}

/** True if one of two that wait came first. */
export const isBefore = (world: World, one: InQueue, other: InQueue): boolean =>
  one.arrivedAt === other.arrivedAt
    ? world.queue.indexOf(one) < world.queue.indexOf(other)
    : one.arrivedAt < other.arrivedAt

/** Names what a waiter asks for: those who ask for the same meet the same denials. Source: A7. */
export const demandOf = ({ account, session, mayProbe, model }: InQueue): string =>
  JSON.stringify([account ?? null, account === undefined && session !== undefined, mayProbe === true, model])

/** Names the lane of a waiter; where nobody takes turns, all who ask for the same stand in one. Source: A7. */
export const laneOf = (world: World, waiter: InQueue): string =>
  world.channel?.queueOrder === "fifo" ? demandOf(waiter) : `${waiter.client} ${demandOf(waiter)}`

/** Returns those that stand first in their lanes. */
export const headsOf = (world: World): ReadonlyArray<InQueue> =>
  world.queue.filter(
    (one) =>
      !world.queue.some(
        (other) => laneOf(world, other) === laneOf(world, one) && isBefore(world, other, one),
      ),
  )

const isOnly = (reasons: ReadonlyArray<Reason>, reason: Reason): boolean =>
  reasons.length === 1 && reasons[0] === reason

/** Returns the accounts whose tokens, and nothing else, a request waits for. */
export const pacedBy = (world: World, asked: Asked, now: number): ReadonlyArray<KnownAccount> =>
  candidatesOf(world, asked).filter((account) => isOnly(reasonsOf(world, account, asked, now), "tokens"))

/** True if a request waits for the channel's tokens and for nothing else. */
export const isPacedByChannel = (world: World, asked: Asked, now: number): boolean =>
  isOnly(reasonsOfChannel(world, asked, now), "tokens") && openTo(world, asked, now).length > 0
