import type { Fact } from "@sluice/events/commit.ts"
import type { AccountConfiguration, ChannelConfiguration } from "@sluice/events/configuration.ts"
import type {
  Classification,
  Estimate,
  Evidence,
  Outcome,
  RequestClass,
  Tokens,
} from "@sluice/events/field.ts"
import type { PassedOver } from "@sluice/events/ingress.ts"

/** What a group has to know of an attempt that wants a slot. */
export interface Applicant {
  readonly request: string
  readonly attempt: number
  readonly class: RequestClass
  readonly client: string
  readonly weight: number
  readonly model: string
  readonly estimate: Estimate
  readonly arrivedAt: number
}

/** Asks for a slot now; `tried` names the accounts that must not carry the attempt, `since` is when it began to wait for one. Source: A1, B2. */
export interface Acquire extends Applicant {
  readonly type: "acquire"
  readonly since: number
  readonly tried: ReadonlySet<string>
}

/** Asks for a place in the queue. Source: A6. */
export interface Enqueue extends Applicant {
  readonly type: "enqueue"
  readonly deadlineAt: number | null
}

/** Gives up a place in the queue. Source: A8, B2. */
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
  readonly jitter: number
}

/** Makes the channel and its accounts what the configuration says; `null` removes the channel. Source: A10. */
export interface Configure {
  readonly type: "configure"
  readonly channel: ChannelConfiguration | null
  readonly accounts: ReadonlyArray<AccountConfiguration>
  readonly by: string
}

/** Ends what a dead incarnation of the host left behind; `costOf` prices the estimates that are booked. Source: L12, D4. */
export interface Recover {
  readonly type: "recover"
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
}

/** What can be asked of a channel and its accounts. */
export type Command = Acquire | Enqueue | Leave | Meter | Release | Configure | Recover | Refuse

/** Why an account, or the whole channel where there is no `account`, cannot take the attempt. Source: B8. */
export interface Obstacle {
  readonly account?: string
  readonly reason: PassedOver
}

/** What follows from a command: facts, or the domain's no, or that it is to be asked again at a time. */
export type Decision =
  | { readonly kind: "facts"; readonly facts: ReadonlyArray<Fact> }
  | { readonly kind: "rejected"; readonly obstacles: ReadonlyArray<Obstacle>; readonly until: number | null }
  | { readonly kind: "later"; readonly at: number }
