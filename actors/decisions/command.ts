import type { Fact } from "@sluice/events/commit.ts"
import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { AdaptiveBounds } from "@sluice/events/configuration/adaptive-limit.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Classification, Estimate, Evidence, Outcome, Tokens } from "@sluice/events/field.ts"
import type { PassedOver } from "@sluice/events/ingress.ts"

/** What a group has to know of an attempt that wants a slot. */
export interface Applicant {
  readonly request: string
  readonly attempt: number
  readonly client: string
  readonly weight: number
  readonly model: string
  /** The conversation that it belongs to. Source: B5. */
  readonly session?: string
  /** True if its session stays bound to another account, and is not registered where it is served. Source: B7. */
  readonly isSpilled?: boolean
  /** True if it may test an account that fails, since nobody else can serve it. Source: C7. */
  readonly mayProbe?: boolean
  readonly estimate: Estimate
  /** What it is expected to cost by the list, where a window counts it. Source: D5. */
  readonly estimatedCostNanoUsd?: number
  readonly arrivedAt: number
}

/**
 * Asks for a slot now, on any account or only on the one that the request is bound to.
 *
 * `tried` names the accounts that must not carry the attempt, `since` is when it began to wait for one.
 * Source: A1, B2, B7.
 */
export interface Acquire extends Applicant {
  readonly type: "acquire"
  readonly since: number
  readonly tried: ReadonlySet<string>
  readonly account?: string
}

/** Asks for a place in the queue, for any account or for the one that the request is bound to. Source: A6, B7. */
export interface Enqueue extends Applicant {
  readonly type: "enqueue"
  readonly deadlineAt: number | null
  readonly account?: string
  /** Waits so long at most, however long the channel lets others wait. Source: B7. */
  readonly timeoutMs?: number
  /** How long it has waited at other places or times: all of its waits count together. Source: A6. */
  readonly waitedMs?: number
  /** Has been sent and was rejected for concurrency: it has its place, whatever the size of the queue. Source: B9. */
  readonly isReturning?: boolean
}

/** Tells that the upstream has begun to answer an attempt with success. Source: C6. */
export interface Accept {
  readonly type: "accept"
  readonly lease: string
  readonly account: string
  readonly ttfbMs: number
}

/** Clears cooldowns, counters, slow start and suspension and fills the buckets, of one account or of the channel and all of them. Source: C8. */
export interface Reset {
  readonly type: "reset"
  readonly account?: string
  /** What the window in force has cost, where the operator says it. Source: D6. */
  readonly windowCostNanoUsd?: number
  readonly by: string
}

/** Makes the limit of one account, or of the channel, a number or one that is learned. Source: S6. */
export interface SetLimit {
  readonly type: "set_limit"
  readonly account?: string
  readonly limit: number | "adaptive"
  /** How it is learned where the configuration says a number. Source: S4. */
  readonly usual?: AdaptiveBounds
  readonly by: string
}

/** Forgets what was learned of the limit of one account, or of the channel. Source: S6. */
export interface Forget {
  readonly type: "forget"
  readonly account?: string
  /** How it would be learned where it is a number. Source: S4. */
  readonly usual?: AdaptiveBounds
  readonly by: string
}

/** Takes a session off an account. */
export interface Unbind {
  readonly type: "unbind"
  readonly account: string
  readonly session: string
}

/** Gives up a queue position. Source: A8, B2. */
export interface Leave {
  readonly type: "leave"
  readonly request: string
  readonly reason: "client_left" | "served_elsewhere" | "shutting_down"
}

/** Records what an attempt used, with the costs that follow from the price table. Source: D1, D2. */
export interface Meter {
  readonly type: "meter"
  readonly lease: string
  readonly account: string
  readonly model: string
  readonly tokens: Tokens
  readonly standardCostNanoUsd: number
  readonly priced: boolean
  readonly prices: string
  readonly complete: boolean
  readonly estimated: boolean
}

/** What an upstream's rejection says. Source: C2. */
export interface Rejection429 {
  readonly classification: Classification
  readonly evidence: Evidence
  readonly retryAfterMs: number | null
  /** When the provider says that its limit is over, since the epoch. Source: C3. */
  readonly resetAt: number | null
  /** True if it is of the attempt's model alone. Source: C3. */
  readonly isOfModel: boolean
  /** How many at once the provider says that it takes. Source: C3. */
  readonly statedLimit: number | null
  /** How many requests, or tokens where it is of those, the provider says that it takes a minute. Source: F7. */
  readonly statedPerMinute?: number
  readonly summary: string
}

/**
 * Gives a slot back: the attempt's upstream body is closed since `endedAt`.
 *
 * `jitter` is drawn in −1…1, for the cooldown that may follow.
 * Source: A9, C3.
 */
export interface Release {
  readonly type: "release"
  readonly lease: string
  readonly account: string
  readonly outcome: Outcome
  readonly status: number
  readonly ttftMs: number | null
  readonly endedAt: number
  /** False for an attempt that never reached the upstream: its slot needs no linger. */
  readonly dispatched: boolean
  readonly rejection?: Rejection429
  /** The end of the account's window of 5 hours, as the provider says it. Source: D6. */
  readonly windowEndsAt?: number
  /** What an answer says of the credential itself. Source: C7. */
  readonly credentialRefused?: { readonly evidence: Evidence; readonly summary: string }
  /** Names the body of a request that was answered with 401, 402 or 403. Source: C7. */
  readonly fingerprint?: string
  /** True if the answer names the model as one that is not known. Source: C7. */
  readonly isModelUnknown?: boolean
  readonly jitter: number
}

/** Makes the channel and its accounts what the configuration says; `null` removes the channel. Source: A10. */
export interface Configure {
  readonly type: "configure"
  readonly channel: ChannelConfiguration | null
  readonly accounts: ReadonlyArray<AccountConfiguration>
  /** Names the credential of each account that has one. Source: C7. */
  readonly credentials: ReadonlyMap<string, string>
  readonly by: string
}

/** Ends what a dead incarnation of the host left behind; `costOf` prices the estimates that are booked. Source: L12, D4. */
export interface Recover {
  readonly type: "recover"
  /** Leases that attempts hold still. */
  readonly held?: { get(lease: string): unknown }
  readonly costOf: (
    model: string,
    estimate: Estimate,
  ) => Pick<Meter, "standardCostNanoUsd" | "priced" | "prices">
}

/** Counts a refusal that the channel's state is the reason of. Source: A11. */
export interface Refuse {
  readonly type: "refuse"
  readonly request: string
  readonly reason: string
  /** How many refusals are told at once. Source: A11. */
  readonly count: number
}

/** What can be asked of a channel and its accounts. */
export type Command =
  | Acquire
  | Enqueue
  | Leave
  | Accept
  | Meter
  | Release
  | Configure
  | Recover
  | Refuse
  | Reset
  | SetLimit
  | Forget
  | Unbind

/** Why an account, or the whole channel where there is no `account`, cannot take the attempt. Source: B8. */
export interface Denial {
  readonly account?: string
  readonly reason: PassedOver
  /** When it is no more in the way, where that is known. Source: B10. */
  readonly until: number | null
  /** True if the account cools because its attempts fail: nobody waits for that. Source: B10. */
  readonly isFailing?: boolean
}

/** What follows from a command: facts, or the domain's no, or that it is to be asked again at a time. */
export type Decision =
  | { readonly kind: "facts"; readonly facts: ReadonlyArray<Fact> }
  | { readonly kind: "denied"; readonly denials: ReadonlyArray<Denial> }
  | { readonly kind: "later"; readonly at: number }
