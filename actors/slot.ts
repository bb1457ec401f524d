import type { Fact } from "@sluice/events/commit.ts"
import { actorName } from "@sluice/events/identifier.ts"
import type { PassedOver } from "@sluice/events/ingress.ts"
import type { Applicant, Obstacle } from "./command.ts"
import { cooling } from "./cooldown.ts"
import { type AccountActor, channelOf, contextOf, type Group } from "./group.ts"
import { hasRoom, load } from "./limit.ts"

/** Names a lease: an attempt has one, and a retry is another attempt. Source: A9. */
export const leaseOf = (applicant: { request: string; attempt: number }): string =>
  `${applicant.request}.${applicant.attempt}`

/**
 * Chooses the account that a slot would be granted on: lowest priority, then lowest load, then least recently used.
 *
 * Source: B4.
 */
export const chooseAccount = (
  group: Group,
  options: { now: number; tried?: ReadonlySet<string> },
): AccountActor | undefined => {
  let best: AccountActor | undefined
  for (const account of group.usable) {
    if (obstacleOf(group, account, options) !== null) continue
    if (best === undefined || compare(account, best) < 0) best = account
  }
  return best
}

/** Tells why each account cannot take an attempt now. Source: B8. */
export const obstacles = (
  group: Group,
  options: { now: number; tried?: ReadonlySet<string> },
): ReadonlyArray<Obstacle> =>
  group.usable.flatMap((account) => {
    const reason = obstacleOf(group, account, options)
    const id = contextOf(account).config?.id
    return reason === null || id === undefined ? [] : [{ account: id, reason }]
  })

/** The two facts of a grant, on the channel and on the account. Source: A1. */
export const grant = (
  group: Group,
  options: { applicant: Applicant; account: AccountActor; now: number; waitMs: number },
): ReadonlyArray<Fact> => {
  const { applicant, now, waitMs } = options
  const channel = channelOf(group)
  const account = contextOf(options.account)
  const accountId = account.config?.id ?? ""
  const { request, attempt, class: requestClass, client, model } = applicant
  const lease = leaseOf(applicant)
  return [
    {
      actor: actorName("channel", channel.config?.id ?? ""),
      type: "channel.acquired",
      at: now,
      request,
      attempt,
      lease,
      class: requestClass,
      client,
      model,
      account: accountId,
      waitMs,
      inFlight: channel.leases.size + 1,
    },
    {
      actor: actorName("account", accountId),
      type: "account.acquired",
      at: now,
      request,
      attempt,
      lease,
      class: requestClass,
      client,
      model,
      inFlight: account.leases.size + 1,
      estimate: applicant.estimate,
    },
  ]
}

const obstacleOf = (
  group: Group,
  actor: AccountActor,
  { now, tried }: { now: number; tried?: ReadonlySet<string> },
): PassedOver | null => {
  const account = contextOf(actor)
  if (account.config === null) return "disabled"
  if (tried?.has(account.config.id)) return "tried"
  const guardMs = channelOf(group).config?.cooldown.guardMs ?? 0
  const left = account.cooldown === null ? null : cooling(account.cooldown, { now, guardMs })
  if (left !== null) return left
  return hasRoom(account.config.concurrency, account.leases.size) ? null : "saturated"
}

const compare = (one: AccountActor, other: AccountActor): number => {
  const a = contextOf(one)
  const b = contextOf(other)
  return (
    (a.config?.priority ?? 0) - (b.config?.priority ?? 0) ||
    loadOf(a) - loadOf(b) ||
    a.lastUsedAt - b.lastUsedAt
  )
}

const loadOf = ({ config, leases }: ReturnType<typeof contextOf>): number =>
  // Without a limit there is no load to compare; the number in flight keeps unlimited accounts even among themselves.
  config?.concurrency === null ? 1 - 1 / (1 + leases.size) : load(config?.concurrency ?? null, leases.size)
