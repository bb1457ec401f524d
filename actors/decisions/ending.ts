import { sumNanoUsd } from "@sluice/events/bounds.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { tokensOf } from "@sluice/events/field.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext, AccountLease } from "../account/context.ts"
import { slotsOf } from "../account/limit.ts"
import type { AccountActor } from "../account/states.ts"
import { hasWindow, windowAfter, windowFacts } from "../account/windows.ts"
import type { ChannelContext } from "../channel/ledger.ts"
import { isToldOfChannel, limitToldOf } from "../channel/limit.ts"
import { accountOf, channelOf, contextOf, type Group } from "../group/group.ts"
import { isOfLimit, isTest, isWatched, learningOf } from "../limit/learned-limit.ts"
import { isRecovering } from "../machine/states.ts"
import { costNanoUsd } from "../rules/cost.ts"
import { isOfBefore, isProbe, probeOf } from "../rules/probe.ts"
import { nextSlowStart } from "../rules/slow-start.ts"
import { chargedTokens, estimatedTokens } from "../rules/token-bucket.ts"
import { abandoned } from "./admission.ts"
import type { Accept, Decision, Meter, Recover, Rejection429, Release } from "./command.ts"
import { recovered } from "./recovered.ts"
import { type EndedAttempt, gateUntil } from "./rejection.ts"
import { releaseEffects, failedSession } from "./release-effects.ts"

const nothing: Decision = { kind: "facts", facts: [] }

/** Records what an attempt used, once: asked again, or of a lease that has ended, it does nothing. Source: D3. */
export const meter = (group: Group, command: Meter, now: number): Decision => {
  const account = contextOf(accountOf(group, command.account))
  const held = account.leases.get(command.lease)
  if (held === undefined || held.metered) return nothing
  const recorded = metered(group, { account, held, usage: { ...command, now } })
  const { aheadMs } = group
  const news = { now, aheadMs, costNanoUsd: command.standardCostNanoUsd }
  return { kind: "facts", facts: [...recorded, ...windowFacts(account, news)] }
}

/**
 * True if anything follows from the acceptance of an attempt: most prove nothing new, and are no fact.
 *
 * Source: C6, F1.
 */
export const awaitsAcceptance = (group: Group, of: Pick<Accept, "account" | "lease">): boolean => {
  const actor = accountOf(group, of.account)
  const account = contextOf(actor)
  return isAwaitedBy(actor, of.lease) || isAwaitedByChannel(channelOf(group), account, of.lease)
}

const isAwaitedByChannel = (channel: ChannelContext, account: AccountContext, lease: string): boolean =>
  isToldOfChannel(channel, account) &&
  channel.leases.get(lease)?.acceptedBy === null &&
  isWatched(channel, lease)

const isAwaitedBy = (actor: AccountActor, lease: string): boolean => {
  const account = contextOf(actor)
  const held = account.leases.get(lease)
  if (held === undefined || account.config === null || held.acceptedBy === "headers") return false
  return isInSlowStart(actor, held) || isTesting(account, held) || isWatched(account, lease)
}

const isInSlowStart = (actor: AccountActor, held: AccountLease): boolean =>
  isRecovering(actor) && !isOfBefore(contextOf(actor), held)

const isTesting = (account: AccountContext, held: AccountLease): boolean =>
  isProbe(account, held) && probeOf(account) !== undefined

/**
 * Takes note that the upstream took an attempt: it ends the cooldown of an account that it tests, each success doubles the limit of one that comes back from a cooldown, and proves a level of
 * a hidden limit.
 *
 * Source: C6, C7, F1.
 */
export const accept = (group: Group, command: Accept, now: number): Decision => {
  const channel = channelOf(group)
  const actor = accountOf(group, command.account)
  const account = contextOf(actor)
  const held = account.leases.get(command.lease)
  const { ramp, config } = account
  if (held === undefined || config === null || channel.config === null) return nothing
  const { request, attempt, lease } = held
  const { ttfbMs } = command
  const accepted = { at: now, request, attempt, lease, ttfbMs, by: "headers" } as const
  const facts: Array<Fact> = []
  if (isAwaitedByChannel(channel, account, lease))
    facts.push({ ...accepted, actor: actorName("channel", channel.config.id), type: "channel.accepted" })
  if (!isAwaitedBy(actor, lease)) return { kind: "facts", facts }
  const name = actorName("account", config.id)
  facts.push({ ...accepted, actor: name, type: "account.accepted" })
  if (isTesting(account, held)) facts.push(...recovered(group, account, now))
  if (ramp !== null && isInSlowStart(actor, held)) {
    const limit = nextSlowStart(ramp, slotsOf({ ...account, ramp: null }))
    facts.push({ actor: name, type: "account.ramped", at: now, limit })
  }
  return { kind: "facts", facts }
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
  const { rejection, fingerprint } = command
  const told = rejection && rejectionTold(group, { account, held, command, now }, rejection)
  const facts: Array<Fact> = [
    {
      ...ended,
      actor: actorName("channel", channel.config.id),
      type: "channel.released",
      account: account.config.id,
      inFlight: channel.leases.size - 1,
      ...told?.ofChannel,
    },
    {
      ...ended,
      actor: actorName("account", account.config.id),
      type: "account.released",
      startedAt: held.acquiredAt,
      inFlight: account.leases.size - 1,
      ...told?.ofAccount,
      ...(fingerprint === undefined ? {} : { fingerprint }),
    },
  ]
  // What it was expected to use and never did is given back, by the account itself and by the channel.
  if (!held.metered) facts.push(...settled(channel, held, { tokens: 0, at: now }))
  facts.push(...releaseEffects(group, { account, held, command, now }))
  return { kind: "facts", facts }
}

/** Ends every lease that nobody holds and every wait that a dead host left behind, booking the estimates of what was never metered. Source: L12, D4. */
export const recover = (group: Group, command: Recover, now: number): Decision => {
  const channel = channelOf(group)
  const { aheadMs } = group
  const facts: Array<Fact> = channel.lanes.all.map((waiter) =>
    abandoned(group, { waiter, reason: "holder_lost", now }),
  )
  let inFlight = channel.leases.size
  const onAccounts = new Set<string>()
  for (const actor of group.accounts.values()) {
    const account = contextOf(actor)
    let inFlightOfAccount = account.leases.size
    let bookedNanoUsd = 0
    for (const held of account.leases) {
      onAccounts.add(held.lease)
      if (command.held?.get(held.lease) !== undefined) continue
      if (channel.leases.get(held.lease) !== undefined) inFlight -= 1
      inFlightOfAccount -= 1
      const { standardCostNanoUsd } = command.costOf(held.model, held.estimate)
      if (!held.metered) bookedNanoUsd = sumNanoUsd(bookedNanoUsd, standardCostNanoUsd)
      facts.push(...expired(group, { account, held, inFlight, inFlightOfAccount, command, now }))
    }
    if (bookedNanoUsd > 0) facts.push(...windowFacts(account, { now, aheadMs, costNanoUsd: bookedNanoUsd }))
    // What is still held may succeed.
    if (inFlightOfAccount > 0) continue
    for (const stay of account.sessions.toJSON())
      if (stay.inFlight > 0 && !stay.hasSucceeded) facts.push(failedSession(account, stay, now))
  }
  // A repaired history may have lost the account's half of a lease, or the channel's.
  const alone = [...channel.leases].filter(
    ({ lease }) => !onAccounts.has(lease) && command.held?.get(lease) === undefined,
  )
  for (const { request, attempt, lease, account } of alone) {
    inFlight -= 1
    const ended = { at: now, request, attempt, lease, reason: "holder_lost" } as const
    const actor = actorName("channel", channel.config?.id ?? "")
    facts.push({ ...ended, actor, type: "channel.expired", account, inFlight })
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
  const usage = {
    model: held.model,
    tokens: tokensOf(held.estimate),
    ...command.costOf(held.model, held.estimate),
    complete: false,
    estimated: true,
    now,
  }
  const { config, leases } = channelOf(group)
  const ofChannel: ReadonlyArray<Fact> =
    leases.get(lease) === undefined
      ? []
      : [
          {
            ...ended,
            actor: actorName("channel", config?.id ?? ""),
            type: "channel.expired",
            account: id,
            inFlight: options.inFlight,
          },
        ]
  return [
    ...(held.metered ? [] : metered(group, { account, held, usage })),
    ...ofChannel,
    {
      ...ended,
      actor: actorName("account", id),
      type: "account.expired",
      inFlight: options.inFlightOfAccount,
    },
  ]
}

type Usage = Omit<Meter, "type" | "lease" | "account"> & { readonly now: number }

/** What a metered attempt means for the account and for the channel's bucket of tokens. Source: C1, D3. */
const metered = (
  group: Group,
  of: { readonly account: AccountContext; readonly held: AccountLease; readonly usage: Usage },
): ReadonlyArray<Fact> => {
  const { account, held, usage } = of
  const recorded = usageRecorded(account, held, { ...usage, aheadMs: group.aheadMs })
  return [
    recorded,
    ...settled(channelOf(group), held, { tokens: chargedTokens(usage.tokens), at: usage.now }),
  ]
}

/** What an attempt has taken from the channel's bucket of tokens, and what it has used. Source: C1. */
const settled = (
  { config, leases }: ChannelContext,
  { request, attempt, lease, estimate }: AccountLease,
  { tokens, at }: { readonly tokens: number; readonly at: number },
): ReadonlyArray<Fact> => {
  if (config === null || config.tpm === null) return []
  const taken = leases.get(lease)?.takenTokens ?? estimatedTokens(estimate)
  const actor = actorName("channel", config.id)
  const of = { request, attempt, lease }
  return [{ actor, type: "channel.settled", at, ...of, tokens, estimatedTokens: taken }]
}

const usageRecorded = (
  account: AccountContext,
  held: AccountLease,
  usage: Usage & Pick<Group, "aheadMs">,
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
    ...(hasWindow(account) ? { windowStart: windowAfter(account, usage).start } : {}),
  }
}

/** What the end of an attempt tells of its rejection: the account what it was, whoever learns from it when to test again. Source: F5. */
const rejectionTold = (
  group: Group,
  { account, held, command, now }: EndedAttempt,
  rejection: Rejection429,
) => {
  const { classification, evidence, retryAfterMs } = rejection
  const channel = channelOf(group)
  const told = limitToldOf(channel, account)
  const isLearned = isOfLimit(told, classification) && learningOf(told) !== null
  const drawn = { jitter: command.jitter, ...(retryAfterMs === null ? {} : { retryAfterMs }) }
  const learned = isLearned ? drawn : {}
  const what = { classification, model: held.model }
  // After a rejection as one too many nothing is sent for a while, unless it was a test: then the limit holds already (C3, F5).
  const isGated = isOfLimit(told, classification) && !isTest(told, held.lease)
  const gate = isGated ? { gateUntil: gateUntil(account, command, now) } : {}
  return isToldOfChannel(channel, account)
    ? { ofChannel: { ...what, ...learned }, ofAccount: { ...what, evidence, ...gate } }
    : { ofAccount: { ...what, evidence, ...gate, ...learned } }
}

const lingerMs = (
  config: { abortLingerMs: number; releaseLingerMs: number },
  { outcome, dispatched }: Release,
): number => {
  if (!dispatched) return 0
  const isAbort = outcome === "client_closed" || outcome === "timeout" || outcome === "aborted"
  return isAbort ? config.abortLingerMs : config.releaseLingerMs
}
