import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { AccountContext } from "./account-context.ts"
import { slotsFor, slotsOf } from "./account-limit.ts"
import { windowFacts } from "./account-window.ts"
import type { Applicant } from "./command.ts"
import { type AccountActor, channelOf, contextOf, type Group } from "./group.ts"
import { hasRoom, load } from "./limit.ts"
import { type Asked, candidatesOf, isBound, obstacleOf } from "./obstacle.ts"
import { estimatedTokens } from "./token-bucket.ts"

/** Names a lease: an attempt has one, and a retry is another attempt. Source: A9. */
export const leaseOf = (applicant: { request: string; attempt: number }): string =>
  `${applicant.request}.${applicant.attempt}`

/**
 * Chooses the account that a slot would be granted on: one with a free slot before one whose learned limit would be tested, then lowest priority, then lowest load, then least recently used.
 *
 * Source: B4.
 */
export const chooseAccount = (group: Group, asked: Asked, only?: string): AccountActor | undefined => {
  let best: AccountActor | undefined
  for (const account of candidatesOf(group, only)) {
    if (obstacleOf(group, account, asked) !== null) continue
    if (best === undefined || compare(account, best, asked) < 0) best = account
  }
  return best
}

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
  const granted: Array<Fact> = [
    {
      ...lease,
      actor: actorName("channel", channel.config?.id ?? ""),
      type: "channel.acquired",
      account: accountId,
      waitMs,
      inFlight: channel.leases.size + 1,
      ...((channel.config?.tpm ?? null) === null ? {} : { estimatedTokens: estimatedTokens(estimate) }),
    },
    {
      ...lease,
      actor,
      type: "account.acquired",
      inFlight: account.leases.size + 1,
      estimate,
      ...(session === undefined ? {} : { session }),
      ...(estimatedCostNanoUsd === undefined ? {} : { estimatedCostNanoUsd }),
    },
  ]
  if (session !== undefined && !isOfSession && applicant.isSpilled !== true) {
    const stay = `${session}:${lease.lease}`
    granted.push({ actor, type: "account.session_registered", at: now, session, stay })
  }
  granted.push(...windowFacts(account, { now }))
  return granted
}

const compare = (one: AccountActor, other: AccountActor, asked: Asked): number => {
  const a = contextOf(one)
  const b = contextOf(other)
  return (
    Number(isFull(a)) - Number(isFull(b)) ||
    (a.config?.priority ?? 0) - (b.config?.priority ?? 0) ||
    loadOf(a, asked) - loadOf(b, asked) ||
    a.lastUsedAt - b.lastUsedAt
  )
}

/** An account at its learned limit could take one more only to test what is above: free slots come first. Source: F5. */
const isFull = (account: AccountContext): boolean => !hasRoom(slotsOf(account), account.leases.size)

const loadOf = (account: AccountContext, { of, now }: Asked): number => {
  const slots = slotsFor(account, isBound(account, of) ? "bound" : "new", now)
  // Without a limit there is no load to compare; the number in flight keeps unlimited accounts even among themselves.
  return slots === null ? 1 - 1 / (1 + account.leases.size) : load(slots, account.leases.size)
}
