import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { Estimate } from "@sluice/events/field.ts"
import { actorName, idOf } from "@sluice/events/identifier.ts"
import {
  accountIn,
  burstOf,
  type Charge,
  fixedIn,
  type InForce,
  type KnownAccount,
  type World,
} from "./world.ts"

const tokensOf = ({ inputTokens, outputTokens }: Estimate): number => inputTokens + outputTokens

/** An estimate takes two bursts at most. Source: C1. */
const chargedBy = (perMinute: number | null, burstSeconds: number, tokens: number): number =>
  perMinute === null ? 0 : Math.min(tokens, Math.floor(2 * burstOf(perMinute, burstSeconds)))

const put = (charges: Array<Charge>, perMinute: number | null, charge: Omit<Charge, "perMinute">): void => {
  if (perMinute !== null) charges.push({ ...charge, perMinute })
}

const takeTokens = (account: KnownAccount, amount: number, at: number): void => {
  const { tpm } = account.config
  if (amount !== 0) put(account.tpm, tpm, { at, amount, burst: burstOf(tpm ?? 0, account.burstSeconds) })
}

const withoutLease = (world: World, lease: string) => world.inFlight.filter((one) => one.lease !== lease)
const withoutWaiter = (world: World, request: string) => world.queue.filter((one) => one.request !== request)

/** Lets a fact happen to the world. */
export const happen = (world: World, fact: Fact): void => {
  if (fact.type.startsWith("channel.")) ofChannel(world, fact as ChannelFact)
  if (fact.type.startsWith("account.")) ofAccount(world, fact as AccountFact)
}

const ofChannel = (world: World, fact: ChannelFact): void => {
  const { rpm = null, tpm = null, burstSeconds = 0 } = world.channel ?? {}
  switch (fact.type) {
    case "channel.configured":
      world.channel = fact.config
      world.isRemoved = false
      return
    case "channel.removed":
      world.isRemoved = true
      return
    case "channel.queued":
      world.queue = [...world.queue, fact]
      return
    case "channel.timed_out":
    case "channel.abandoned":
      world.queue = withoutWaiter(world, fact.request)
      return
    case "channel.acquired":
      world.queue = withoutWaiter(world, fact.request)
      put(world.rpm, rpm, { at: fact.at, amount: 1, burst: burstOf(rpm ?? 0, burstSeconds) })
      put(world.tpm, tpm, {
        at: fact.at,
        amount: fact.estimatedTokens ?? 0,
        burst: burstOf(tpm ?? 0, burstSeconds),
      })
      return
    case "channel.settled": {
      const amount = fact.tokens - fact.estimatedTokens
      return put(world.tpm, tpm, { at: fact.at, amount, burst: burstOf(tpm ?? 0, burstSeconds) })
    }
    case "channel.reset":
      world.rpm.splice(0)
      world.tpm.splice(0)
      return
    case "channel.cooldown_started":
    case "channel.cooldown_extended":
    case "channel.cooldown_ended":
      return ofCooldown(world, fact)
    case "channel.released":
    case "channel.expired":
    case "channel.rejected":
    case "channel.accepted":
    case "channel.limit_adjusted":
    case "channel.mode_changed":
    case "channel.learning_reset":
      // What they tell, the account's fact tells too, or it changes nothing here.
      return
  }
}

const ofCooldown = (
  world: World,
  fact: Extract<Fact, { type: `${"channel" | "account"}.cooldown_${"started" | "extended" | "ended"}` }>,
): void => {
  const { actor, id } = fact
  const others = world.cooldowns.filter((one) => one.id !== id)
  world.cooldowns = fact.type.endsWith("_ended") ? others : [...others, { actor, id, ...untilOf(fact) }]
}

const untilOf = (fact: object): Pick<InForce, "until" | "model" | "classification"> => {
  const { until = 0, model, classification } = fact as Partial<InForce>
  return { until, model, classification }
}

const ofAccount = (world: World, fact: AccountFact): void => {
  const id = idOf(fact.actor)
  if (fact.type === "account.configured") return ofConfigured(world, fact)
  const account = accountIn(world, id)
  switch (fact.type) {
    case "account.removed":
      account.isRemoved = true
      return
    case "account.acquired":
      return ofGrant(world, account, fact)
    case "account.usage_recorded":
      return ofUsage(world, account, fact)
    case "account.released":
    case "account.expired":
      return ofEnd(world, account, fact)
    case "account.session_registered": {
      const { session, stay, at } = fact
      const registered = { account: id, session, stay, lastSeenAt: at, hasSucceeded: false }
      world.sessions = [...world.sessions, registered]
      return
    }
    case "account.session_expired":
    case "account.session_released":
      world.sessions = world.sessions.filter(({ stay }) => stay !== fact.stay)
      return
    case "account.cooldown_started":
      if (fact.model === undefined && fact.classification !== "concurrency") {
        account.ramp = null
        account.testAt = fact.probe?.at ?? null
      }
      return ofCooldown(world, fact)
    case "account.cooldown_extended":
    case "account.cooldown_ended":
      return ofCooldown(world, fact)
    case "account.window_opened":
      account.window = { start: fact.start, end: fact.end }
      return
    case "account.window_corrected":
      return ofCorrection(account, fact)
    default:
      ofHealth(account, fact)
  }
}

const ofConfigured = (world: World, fact: Extract<Fact, { type: "account.configured" }>): void => {
  const { config, burstSeconds = 0, credential } = fact
  const known = world.accounts.find(({ id }) => actorName("account", id) === fact.actor)
  if (known === undefined) {
    const rest = { isRemoved: false, isSuspended: false, seen: 0, lowered: null, ramp: null, gateUntil: null }
    const tests = { testAt: null, testedBy: null }
    const lists = { window: null, rpm: [], tpm: [], costs: [] }
    world.accounts = [
      ...world.accounts,
      { id: config.id, config, burstSeconds, credential, ...rest, ...tests, ...lists },
    ]
    return
  }
  if (known.config.concurrency !== config.concurrency) known.lowered = null
  Object.assign(known, { config, burstSeconds, credential, isRemoved: false })
}

const ofGrant = (
  world: World,
  account: KnownAccount,
  fact: Extract<Fact, { type: "account.acquired" }>,
): void => {
  const { lease, request, client, model, session, estimate, estimatedCostNanoUsd = 0, at } = fact
  const takenTokens = chargedBy(account.config.tpm, account.burstSeconds, tokensOf(estimate))
  const { id, credential } = account
  const attempt = { lease, request, account: id, client, model, session, estimate, at, credential }
  world.inFlight = [
    ...world.inFlight,
    { ...attempt, costNanoUsd: estimatedCostNanoUsd, takenTokens, isMetered: false },
  ]
  account.seen += 1
  if (fact.isProbe === true) account.testedBy = lease
  const { rpm } = account.config
  put(account.rpm, rpm, { at, amount: 1, burst: burstOf(rpm ?? 0, account.burstSeconds) })
  takeTokens(account, takenTokens, at)
  for (const one of world.sessions)
    if (one.account === account.id && one.session === session) one.lastSeenAt = at
}

const ofUsage = (
  world: World,
  account: KnownAccount,
  fact: Extract<Fact, { type: "account.usage_recorded" }>,
): void => {
  const held = world.inFlight.find(({ lease }) => lease === fact.lease)
  if (held === undefined) throw new Error(`usage of ${fact.lease}, which is not in flight`)
  held.isMetered = true
  const { input, output, cacheWrite5m, cacheWrite1h } = fact.tokens
  takeTokens(account, input + output + cacheWrite5m + cacheWrite1h - held.takenTokens, fact.at)
  if (fact.windowStart !== undefined) account.costs.push({ at: fact.at, nanoUsd: fact.standardCostNanoUsd })
}

const ofEnd = (
  world: World,
  account: KnownAccount,
  fact: Extract<Fact, { type: "account.released" | "account.expired" }>,
): void => {
  const held = world.inFlight.find(({ lease }) => lease === fact.lease)
  if (held === undefined) throw new Error(`${fact.lease} ends, which is not in flight`)
  world.inFlight = withoutLease(world, fact.lease)
  if (account.testedBy === fact.lease) account.testedBy = null
  account.gateUntil = fact.type === "account.released" ? (fact.gateUntil ?? null) : null
  if (!held.isMetered) takeTokens(account, -held.takenTokens, fact.at)
  for (const one of world.sessions)
    if (one.account === account.id && one.session === held.session) {
      one.lastSeenAt = fact.at
      if (fact.type === "account.released" && fact.outcome === "ok") one.hasSucceeded = true
    }
}

const ofCorrection = (
  account: KnownAccount,
  { costNanoUsd, at }: Extract<Fact, { type: "account.window_corrected" }>,
): void => {
  const { start = 0, end = 0 } = account.window ?? {}
  const others = account.costs.filter((cost) => cost.at < start || cost.at >= end)
  account.costs.splice(0, Infinity, ...others, { at, nanoUsd: costNanoUsd })
}

const ofHealth = (account: KnownAccount, fact: AccountFact): void => {
  if (fact.type === "account.ramped") account.ramp = fact.limit
  if (fact.type === "account.probe_failed") account.testAt = fact.nextAt
  if (fact.type === "account.limit_adjusted")
    account.lowered = fact.to < (fixedIn(account.config.concurrency) ?? 0) ? fact.to : null
  if (fact.type === "account.suspended") account.isSuspended = true
  if (fact.type === "account.restored") account.isSuspended = false
  if (fact.type === "account.reset") {
    Object.assign(account, { isSuspended: false, ramp: null, lowered: null, gateUntil: null })
    account.rpm.splice(0)
    account.tpm.splice(0)
  }
}
