import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext } from "../account/context.ts"
import { rateFacts, rateKindOf } from "../account/rates.ts"
import { windowFacts } from "../account/windows.ts"
import type { RateKind } from "../adaptive/rate.ts"
import { limitToldOf } from "../channel/limit.ts"
import { channelOf, type Group } from "../group/group.ts"
import { isOfLimit, isTest } from "../limit/learned-limit.ts"
import { failuresMax, isFailure, refusalsMax } from "../rules/health.ts"
import { displacedBy, ofModel } from "../rules/named-models.ts"
import { isOfBefore, isProbe, isUntested, nextProbe, probeOf } from "../rules/probe.ts"
import type { Stay } from "../rules/sessions.ts"
import { windowUntil } from "../rules/window.ts"
import type { Rejection429 } from "./command.ts"
import { recovered } from "./recovered.ts"
import { cool, coolAsFailing, type EndedAttempt, loweredLimit } from "./rejection.ts"

/** A model that the upstream does not know is not asked for again for so long. Source: C7. */
const unknownModelMs = 1_800_000

/** What the end of an attempt means for its account and its channel, besides the slot. Source: B6, C3, C6, C7, D6. */
export const releaseEffects = (group: Group, ended: EndedAttempt): ReadonlyArray<Fact> => [
  ...ofRejection(group, ended),
  ...ofFailure(group, ended),
  ...ofProbe(group, ended),
  ...suspension(ended),
  ...blockedModel(group, ended),
  ...ofSession(ended),
  ...officialWindow(group, ended),
]

const ofRejection = (group: Group, ended: EndedAttempt): ReadonlyArray<Fact> => {
  const { rejection } = ended.command
  if (rejection === undefined) return []
  const { account, held, now } = ended
  const kind = rateKindOf(account, rejection.classification, now)
  if (kind !== null) return ofRate(group, { ...ended, rejection }, kind)
  const told = limitToldOf(channelOf(group), account)
  if (!isOfLimit(told, rejection.classification)) return cool(group, { ...ended, rejection })
  const lowered = loweredLimit(group, ended)
  // A test that was rejected lets the next test wait, not the account.
  if (isTest(told, held.lease)) return lowered
  return [
    ...lowered,
    ...cool(group, { ...ended, rejection: { ...rejection, classification: "concurrency" } }),
  ]
}

/** A rate that is found out sets the pace from then on: only what the provider says itself makes its account cool. Source: F7. */
const ofRate = (
  group: Group,
  ended: EndedAttempt & { readonly rejection: Rejection429 },
  kind: RateKind,
): ReadonlyArray<Fact> => {
  const { rejection } = ended
  const adjusted = rateFacts(ended.account, { ...ended, kind })
  const isTold = rejection.retryAfterMs !== null || rejection.resetAt !== null
  const classification = kind === "rpm" ? "requests" : "tokens"
  return isTold
    ? [...adjusted, ...cool(group, { ...ended, rejection: { ...rejection, classification } })]
    : adjusted
}

/** The fifth failure in a row cools an account, and so does that of the first attempt after a cooldown. Source: C6, C7. */
const ofFailure = (group: Group, ended: EndedAttempt): ReadonlyArray<Fact> => {
  const { account, held, command } = ended
  const { cooldown, failures, ramp } = account
  if (!isFailure(command) || cooldown !== null || isOfBefore(account, held)) return []
  return isUntested(ramp) || failures + 1 >= failuresMax ? coolAsFailing(group, ended) : []
}

/** What comes of the test of an account that fails; an end that tells nothing of it leaves the place to the next one. Source: C7. */
const ofProbe = (group: Group, { account, held, command, now }: EndedAttempt): ReadonlyArray<Fact> => {
  const { cooldown, config } = account
  if (!isProbe(account, held) || probeOf(account) === undefined || cooldown === null) return []
  if (command.outcome === "ok") return recovered(group, account, now)
  const isRejected = command.rejection !== undefined && command.rejection.classification !== "concurrency"
  if (!isFailure(command) && !isRejected) return []
  const { request, attempt, lease } = held
  const { failed, at: nextAt } = nextProbe(account, { now, until: cooldown.until, jitter: command.jitter })
  const actor = actorName("account", config?.id ?? "")
  return [{ actor, type: "account.probe_failed", at: now, request, attempt, lease, failed, nextAt }]
}

const suspension = ({ account, held, command, now }: EndedAttempt): ReadonlyArray<Fact> => {
  const { config, suspended, refusals } = account
  // What went with another credential says nothing of the one that came since.
  if (config === null || suspended || held.credential !== account.credential) return []
  const fact = { actor: actorName("account", config.id), type: "account.suspended", at: now } as const
  const { credentialRefused, fingerprint, status } = command
  if (credentialRefused !== undefined)
    return [{ ...fact, reason: "credential", status, ...credentialRefused }]
  if (fingerprint === undefined || refusals.includes(fingerprint)) return []
  if (refusals.length + 1 < refusalsMax) return []
  const summary = `${refusalsMax} different requests in a row were answered with 401, 402 or 403`
  return [{ ...fact, reason: "refused", status, evidence: {}, summary }]
}

const blockedModel = (group: Group, { held, command, now }: EndedAttempt): ReadonlyArray<ChannelFact> => {
  const { config, blockedModels } = channelOf(group)
  if (command.isModelUnknown !== true || config === null) return []
  if (ofModel(blockedModels, held.model) !== undefined) return []
  const actor = actorName("channel", config.id)
  const end = { actor, type: "channel.cooldown_ended", at: now, reason: "displaced" } as const
  return [
    ...displacedBy(blockedModels, held.model, config).map(({ id }) => ({ ...end, id })),
    {
      actor,
      type: "channel.cooldown_started",
      at: now,
      id: `${config.id}:${held.lease}`,
      until: now + unknownModelMs,
      consecutive: 1,
      classification: "model",
      evidence: {},
      source: "backoff",
      backoffMs: unknownModelMs,
      retryAfterMs: null,
      status: command.status,
      summary: "the upstream does not know the model",
      model: held.model,
    },
  ]
}

/** A session none of whose requests has succeeded goes with the last of them. Source: B6. */
const ofSession = ({ account, held, command, now }: EndedAttempt): ReadonlyArray<Fact> => {
  const stay = held.session === null ? undefined : account.sessions.get(held.session)
  if (stay === undefined || command.outcome === "ok") return []
  return stay.inFlight > 1 || stay.hasSucceeded ? [] : [failedSession(account, stay, now)]
}

/** The fact that a session leaves an account none of whose requests has succeeded. Source: B6. */
export const failedSession = (
  { config }: AccountContext,
  { session, stay }: Stay,
  now: number,
): AccountFact => {
  const actor = actorName("account", config?.id ?? "")
  const left = { session, stay, lastSeenAt: now, reason: "failed" } as const
  return { actor, type: "account.session_released", at: now, ...left }
}

const officialWindow = ({ aheadMs }: Group, { account, command, now }: EndedAttempt): ReadonlyArray<Fact> =>
  command.windowEndsAt === undefined
    ? []
    : windowFacts(account, { now, aheadMs, officialWindow: windowUntil(command.windowEndsAt) })
