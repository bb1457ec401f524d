import type { AccountFact } from "@sluice/events/account.ts"
import { sumNanoUsd } from "@sluice/events/bounds.ts"
import { isAdaptive } from "@sluice/events/configuration/adaptive-limit.ts"
import { Equal } from "effect"
import {
  countRejection,
  forgetLearning,
  learnFromAccepted,
  learnFromEnd,
  learnFromSent,
  takeAdjustment,
  takeMode,
} from "../limit/learned-limit.ts"
import { unchanged } from "../machine/live-actor.ts"
import { begin, extend } from "../rules/cooldown.ts"
import { isAnswer, isFailure } from "../rules/health.ts"
import { byModel, endOfModel, ofModel } from "../rules/named-models.ts"
import { isUntested } from "../rules/probe.ts"
import { seenEnough } from "../rules/reservation.ts"
import { chargedTokens, take } from "../rules/token-bucket.ts"
import { addCost, correctedCosts, costIn } from "../rules/window.ts"
import type { AccountContext } from "./context.ts"
import {
  boundRates,
  bucketSizeOf,
  expectedTokens,
  rememberAccepted,
  rememberEnd,
  rememberSent,
  rememberUsage,
  takeRateFact,
} from "./rates.ts"

type Of<T extends AccountFact["type"]> = Extract<AccountFact, { type: T }>
type Change = Partial<AccountContext>

/** What the facts of an account make of it. */
export type EvolveAccount = {
  readonly [T in AccountFact["type"]]: (context: AccountContext, fact: Of<T>) => Change
}

/** Takes from the account's buckets, or gives a negative amount back. Source: C1. */
const charge = (
  account: AccountContext,
  { requests, tokens, now }: { readonly requests: number; readonly tokens: number; readonly now: number },
): Pick<Change, "rpm" | "tpm"> => {
  const rpm = requests === 0 ? null : bucketSizeOf(account, "rpm")
  const tpm = tokens === 0 ? null : bucketSizeOf(account, "tpm")
  if (rpm === null && tpm === null) return unchanged
  return {
    ...(rpm === null ? unchanged : { rpm: take(account.rpm, rpm, { amount: requests, now }) }),
    ...(tpm === null ? unchanged : { tpm: take(account.tpm, tpm, { amount: tokens, now }) }),
  }
}

const acquired = (context: AccountContext, fact: Of<"account.acquired">): Change => {
  const { request, attempt, lease, client, model, estimate, at } = fact
  const { session = null } = fact
  // What is held is added up and given back exactly.
  const estimatedCostNanoUsd = Math.min(
    fact.estimatedCostNanoUsd ?? 0,
    Number.MAX_SAFE_INTEGER - context.heldCostNanoUsd,
  )
  const isCharged = bucketSizeOf(context, "tpm") !== null
  const takenTokens = isCharged ? (fact.takenTokens ?? expectedTokens(context, estimate)) : 0
  const taken = charge(context, { requests: 1, tokens: takenTokens, now: at })
  context.leases.put({
    request,
    attempt,
    lease,
    client,
    model,
    session,
    credential: context.credential,
    estimate,
    estimatedCostNanoUsd,
    takenTokens,
    acquiredAt: at,
    level: fact.inFlight,
    metered: false,
    acceptedBy: null,
  })
  if (session !== null) context.sessions.admit(session, at)
  return {
    lastUsedAt: at,
    ...learnFromSent(context, fact),
    ...(context.seen < seenEnough ? { seen: context.seen + 1 } : unchanged),
    ...(estimatedCostNanoUsd > 0
      ? { heldCostNanoUsd: context.heldCostNanoUsd + estimatedCostNanoUsd }
      : unchanged),
    ...taken,
    ...boundRates(context, taken, at),
    ...rememberSent(context, fact),
    ...(fact.isProbe === true && context.probe !== undefined
      ? { probe: { ...context.probe, lease } }
      : unchanged),
  }
}

/** Ends a lease; what it was expected to use and was never metered is given back. */
const endLease = (
  context: AccountContext,
  fact: Of<"account.released" | "account.expired">,
  isSuccess: boolean,
): Change => {
  const held = context.leases.get(fact.lease)
  if (held === undefined) return unchanged
  // What it tells of the limit depends on what was in flight beside it: it is asked before the lease is gone.
  const learned = learnFromEnd(context, held, fact)
  context.leases.end(fact.lease)
  if (held.session !== null) context.sessions.end(held.session, { at: fact.at, isSuccess })
  const gate = {
    ...learned,
    ...(context.gateUntil === null ? unchanged : { gateUntil: null }),
    ...(context.probe?.lease === fact.lease ? { probe: { ...context.probe, lease: null } } : unchanged),
  }
  if (held.metered) return gate
  return {
    ...gate,
    ...(held.estimatedCostNanoUsd > 0
      ? { heldCostNanoUsd: context.heldCostNanoUsd - held.estimatedCostNanoUsd }
      : unchanged),
    ...charge(context, { requests: 0, tokens: -held.takenTokens, now: fact.at }),
  }
}

const released = (context: AccountContext, fact: Of<"account.released">): Change => {
  const isSuccess = fact.outcome === "ok"
  const held = context.leases.get(fact.lease)
  const model = held?.model ?? ""
  const ended = {
    ...endLease(context, fact, isSuccess),
    ...countRejection(context, fact),
    ...(held === undefined ? unchanged : rememberEnd(context, held, fact)),
  }
  // An attempt that began before the cooldown says nothing of the time after it.
  const isLate = context.cooldown !== null || fact.startedAt < context.cooledAt
  if (isSuccess) return { ...ended, ...served(context), ...(isLate ? unchanged : proven(context, model)) }
  if (fact.gateUntil !== undefined) return { ...ended, gateUntil: fact.gateUntil, gates: context.gates + 1 }
  const { fingerprint } = fact
  const isOfCredential = held !== undefined && held.credential === context.credential
  if (fingerprint !== undefined && isOfCredential && !context.refusals.includes(fingerprint))
    return { ...ended, failures: 0, refusals: [...context.refusals, fingerprint] }
  if (isFailure(fact)) return isLate ? ended : { ...ended, failures: context.failures + 1 }
  return isAnswer(fact) && context.failures > 0 ? { ...ended, failures: 0 } : ended
}

/** What a success shows whenever its attempt began: the credential is good, and one more fits. Source: C3, C7. */
const served = ({ refusals, gates }: AccountContext): Change =>
  refusals.length === 0 && gates === 0 ? unchanged : { refusals: [], gates: 0 }

/** What a success proves of the time after the last cooldown; most prove nothing new, and cost nothing. Source: C4, C7. */
const proven = ({ consecutive, ramp, failures, modelCounts }: AccountContext, model: string): Change => {
  delete modelCounts[model]
  if (failures === 0 && (consecutive === 0 || ramp !== null)) return unchanged
  return {
    ...(consecutive > 0 && ramp === null ? { consecutive: 0 } : unchanged),
    ...(failures > 0 ? { failures: 0 } : unchanged),
  }
}

const usageRecorded = (context: AccountContext, fact: Of<"account.usage_recorded">): Change => {
  const held = context.leases.get(fact.lease)
  if (held === undefined) return unchanged
  context.leases.put({ ...held, metered: true })
  const tokens = chargedTokens(fact.tokens) - held.takenTokens
  const settled = {
    heldCostNanoUsd: context.heldCostNanoUsd - held.estimatedCostNanoUsd,
    ...charge(context, { requests: 0, tokens, now: fact.at }),
    ...rememberUsage(context, held, fact),
  }
  if (fact.windowStart === undefined) return settled
  return {
    ...settled,
    windowCostNanoUsd: sumNanoUsd(context.windowCostNanoUsd, fact.standardCostNanoUsd),
    costs: addCost(context.costs, { at: fact.at, nanoUsd: fact.standardCostNanoUsd }),
  }
}

const cooldownStarted = (context: AccountContext, fact: Of<"account.cooldown_started">): Change => {
  const cooldown = begin(fact)
  // A rejection for concurrency says nothing of how an account comes back from something else.
  if (fact.model === undefined && fact.classification === "concurrency") return { cooldown }
  if (fact.model === undefined) {
    const probe = fact.probe && { ...fact.probe, lease: null }
    return { cooldown, consecutive: fact.consecutive, ramp: null, failures: 0, probe }
  }
  context.modelCooldowns[fact.model] = cooldown
  countModel(context.modelCounts, fact.model, fact.consecutive)
  return unchanged
}

/** Of so many models it is remembered how often they cooled; the one that came first goes first. */
const countedMost = 256

const countModel = (counts: AccountContext["modelCounts"], model: string, count: number): void => {
  counts[model] = count
  let more = -countedMost
  for (const _ in counts) more += 1
  if (more <= 0) return
  for (const oldest in counts) {
    delete counts[oldest]
    return
  }
}

const cooldownExtended = (context: AccountContext, fact: Of<"account.cooldown_extended">): Change => {
  if (fact.model === undefined) return { cooldown: extend(context.cooldown, fact) }
  const inForce = ofModel(context.modelCooldowns, fact.model) ?? null
  context.modelCooldowns[fact.model] = extend(inForce, fact)
  return unchanged
}

const cooldownEnded = (context: AccountContext, { id, at }: Of<"account.cooldown_ended">): Change => {
  if (context.cooldown?.id === id) return { cooldown: null, cooledAt: at }
  endOfModel(context.modelCooldowns, id)
  return unchanged
}

/** What a rejection leaves of a limit that is not learned. Source: C3. */
const leftOf = ({ mode }: AccountContext, { to, at }: Of<"account.limit_adjusted">): Change => {
  if (isAdaptive(mode)) return unchanged
  return { lowered: mode === null || to >= mode ? null : { limit: to, since: at } }
}

const leaveSession = (
  { sessions }: AccountContext,
  { session }: Of<"account.session_expired" | "account.session_released">,
): Change => {
  sessions.forget(session)
  return unchanged
}

/** What each fact makes of an account. */
export const evolveAccount: EvolveAccount = {
  "account.configured": (context, { config, channel, revision, burstSeconds = 10, credential = null }) => ({
    config,
    credential,
    channel,
    revision,
    burstSeconds,
    removed: false,
    // What a rejection has left of a limit is of that limit alone.
    ...(Equal.equals(context.config?.concurrency, config.concurrency)
      ? unchanged
      : { ...takeMode(context, config.concurrency), lowered: null }),
    ...(context.credential === credential ? unchanged : { refusals: [] }),
  }),
  "account.removed": () => ({ removed: true }),
  "account.acquired": acquired,
  "account.accepted": (context, { lease, by, at }) => {
    const held = context.leases.get(lease)
    if (held === undefined) return unchanged
    context.leases.put({ ...held, acceptedBy: by })
    return { ...learnFromAccepted(context, held, at), ...rememberAccepted(context, held) }
  },
  "account.released": released,
  "account.expired": (context, fact) => endLease(context, fact, false),
  "account.usage_recorded": usageRecorded,
  "account.cooldown_started": cooldownStarted,
  "account.cooldown_extended": cooldownExtended,
  "account.cooldown_ended": cooldownEnded,
  "account.probe_failed": (_, { failed, nextAt }) => ({ probe: { failed, at: nextAt, lease: null } }),
  "account.ramped": ({ probe }, { limit, at }) => {
    if (limit === null) return { ramp: null, consecutive: 0, probe: undefined }
    const ramp = { limit, since: at }
    return { ramp, probe: isUntested(ramp) ? probe : undefined }
  },
  "account.limit_adjusted": (context, fact) => ({
    ...takeAdjustment(context, fact),
    ...leftOf(context, fact),
  }),
  "account.rate_adjusted": takeRateFact,
  "account.mode_changed": (context, { to }) => ({ ...takeMode(context, to), lowered: null }),
  "account.learning_reset": forgetLearning,
  "account.session_registered": ({ sessions }, { session, stay, at }) => {
    sessions.register(session, stay, at)
    return unchanged
  },
  "account.session_expired": leaveSession,
  "account.session_released": leaveSession,
  "account.window_opened": ({ costs }, { start, end, source, at }) => {
    const window = { start, end, source }
    return { window, windowCostNanoUsd: costIn(costs, window, at) }
  },
  "account.window_state": (_, { state }) => ({ windowState: state }),
  "account.suspended": () => ({ suspended: true }),
  "account.restored": () => ({ suspended: false, refusals: [] }),
  "account.window_corrected": ({ costs, window }, { costNanoUsd, at }) => ({
    windowCostNanoUsd: costNanoUsd,
    costs: correctedCosts(costs, window, { at, nanoUsd: costNanoUsd }),
  }),
  "account.reset": (_, { refilled }) => ({
    ...(refilled === true ? { rpm: null, tpm: null } : unchanged),
    suspended: false,
    refusals: [],
    consecutive: 0,
    failures: 0,
    ramp: null,
    probe: undefined,
    gateUntil: null,
    gates: 0,
    lowered: null,
    modelCounts: byModel(),
  }),
}
