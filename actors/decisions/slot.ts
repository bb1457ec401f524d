import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext } from "../account/context.ts"
import { bucketSizeOf, expectedTokens } from "../account/rates.ts"
import type { AccountActor } from "../account/states.ts"
import { windowFacts } from "../account/windows.ts"
import type { ChannelContext } from "../channel/ledger.ts"
import { channelOf, contextOf, type Group, orderOf } from "../group/group.ts"
import { type BucketSize, chargeable, estimatedTokens, sizeOf } from "../rules/token-bucket.ts"
import type { Applicant } from "./command.ts"
import { type SlotQuery, candidatesOf, isBound, denialOf } from "./denial.ts"

/** Names a lease: an attempt has one, and a retry is another attempt. Source: A9. */
export const leaseOf = (applicant: { request: string; attempt: number }): string =>
  `${applicant.request}.${applicant.attempt}`

/**
 * Chooses the account that a slot would be granted on: the first of their order that nothing stands in the way of, or the one that is asked for.
 *
 * Source: A12, B4.
 */
export const chooseAccount = (group: Group, query: SlotQuery, only?: string): AccountActor | undefined => {
  const candidates =
    only === undefined && group.usable.length > 1 ? orderOf(group) : candidatesOf(group, only)
  for (const account of candidates) if (denialOf(group, account, query) === null) return account
  return undefined
}

const tokenBucketOf = ({ config }: ChannelContext): BucketSize | null =>
  config === null || config.tpm === null ? null : sizeOf(config.tpm, config.burstSeconds)

/** The facts of a grant: on the channel, on the account, and of the session and the window that it begins. Source: A1, B6, D6. */
export const grant = (
  group: Group,
  options: { applicant: Applicant; account: AccountActor; now: number; waitMs: number },
): ReadonlyArray<Fact> => {
  const { applicant, now, waitMs } = options
  const channel = channelOf(group)
  const account = contextOf(options.account)
  const accountId = account.config?.id ?? ""
  const { request, attempt, client, model, session, estimate, estimatedCostNanoUsd } = applicant
  const isOfSession = isBound(account, applicant)
  const lease = {
    at: now,
    request,
    attempt,
    lease: leaseOf(applicant),
    class: isOfSession ? ("bound" as const) : ("new" as const),
    client,
    model,
  }
  const actor = actorName("account", accountId)
  const ofChannel = tokenBucketOf(channel)
  const ofAccount = bucketSizeOf(account, "tpm")
  const granted: Array<Fact> = [
    {
      ...lease,
      actor: actorName("channel", channel.config?.id ?? ""),
      type: "channel.acquired",
      account: accountId,
      waitMs,
      inFlight: channel.leases.size + 1,
      ...(ofChannel === null ? {} : { estimatedTokens: chargeable(ofChannel, estimatedTokens(estimate)) }),
    },
    {
      ...lease,
      actor,
      type: "account.acquired",
      inFlight: account.leases.size + 1,
      estimate,
      ...(session === undefined ? {} : { session }),
      ...(estimatedCostNanoUsd === undefined ? {} : { estimatedCostNanoUsd }),
      ...(ofAccount === null
        ? {}
        : { takenTokens: chargeable(ofAccount, expectedTokens(account, estimate)) }),
      // Nothing else is sent at an account that cools.
      ...((account.cooldown?.until ?? now) > now ? { isProbe: true } : {}),
    },
  ]
  if (session !== undefined && !isOfSession && applicant.isSpilled !== true) {
    const stay = `${session}:${lease.lease}`
    granted.push(...displacedSession(account, now))
    granted.push({ actor, type: "account.session_registered", at: now, session, stay })
  }
  granted.push(...windowFacts(account, { now, aheadMs: group.aheadMs }))
  return granted
}

/** So many sessions an account remembers that has no cap of its own: their names are their clients' choice. */
const rememberedSessions = 10_000

/** The session that makes room for one more: the one that was idle longest. Source: B6. */
const displacedSession = ({ config, sessions }: AccountContext, now: number): ReadonlyArray<Fact> => {
  const idle = sessions.longestIdle
  if (config === null || idle === undefined || config.maxSessions !== null) return []
  if (sessions.size < rememberedSessions) return []
  const { session, stay, lastSeenAt } = idle
  const actor = actorName("account", config.id)
  return [
    { actor, type: "account.session_released", at: now, session, stay, lastSeenAt, reason: "displaced" },
  ]
}
