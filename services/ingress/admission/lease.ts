import type { Release } from "@sluice/actors/decisions/command.ts"
import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Estimate, Outcome, Protocol, Tokens } from "@sluice/events/field.ts"
import type { Candidate, RequestCompleted } from "@sluice/events/ingress.ts"
import type { Problem } from "../http/errors.ts"
import type { Session } from "./session-key.ts"

/** What admission has to know of a request. */
export interface Admittable {
  readonly request: string
  readonly client: string
  readonly protocol: Protocol
  readonly model: string
  readonly pool: string
  /** `null` where the request names none. Source: B5. */
  readonly session: Session | null
  /** As `deadlineAt`, by the process's own time. */
  readonly arrivedAt: number
  readonly deadlineAt: number | null
  readonly estimate: Estimate
}

/** How an attempt ended, as its holder saw it; times are those that the upstream named. */
export interface AttemptEnd extends Pick<
  Release,
  "rejection" | "windowEndsAt" | "credentialRefused" | "fingerprint" | "isModelUnknown"
> {
  readonly outcome: Outcome
  /** 0 where no status line came. */
  readonly status: number
  readonly ttftMs: number | null
}

/** What one attempt used. */
export interface Metered {
  readonly model: string
  readonly tokens: Tokens
  /** False where the final figures did not come. Source: D4. */
  readonly complete: boolean
  /** True where there were no figures at all and the estimate stands in. Source: D4. */
  readonly estimated: boolean
}

/** One granted slot on a channel and on one of its accounts, held by one attempt. Source: A1, A9. */
export interface Lease {
  readonly lease: string
  readonly attempt: number
  readonly channel: ChannelConfiguration
  readonly account: AccountConfiguration
  /** The credential, decrypted or looked up only now; empty for a channel that needs none. */
  readonly credential: string
  /** The name that the upstream knows the model by. */
  readonly upstreamModel: string
  /** True if the attempt may be sent before `committed` (L7). */
  readonly overlapped: boolean
  readonly waitMs: number
  /** Resolves when the lease is in the log; rejects when it will never be: the attempt is aborted then. Source: L6, L7. */
  readonly committed: Promise<void>
  /** Tells that the upstream has begun to answer with success. Source: C6. */
  accepted(ttfbMs: number): void
  /** Records what was used; resolves when it is in the log, however often that takes. Source: D3. */
  meter(usage: Metered): Promise<void>
  /**
   * Gives the slot back, once, after the upstream's body is closed; nobody waits for it. `dispatched` is false where nothing was sent to the upstream.
   *
   * Source: A9.
   */
  release(end: AttemptEnd, dispatched: boolean): void
}

/** A request that no account may carry. */
export interface Refusal extends Problem {
  readonly candidates: ReadonlyArray<Candidate>
}

/** What came of asking for a slot. */
export type Admitted =
  | { readonly kind: "granted"; readonly lease: Lease; readonly candidates: ReadonlyArray<Candidate> }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** The client left before a slot was granted. Source: A8. */
  | { readonly kind: "left"; readonly waitMs: number }

/** The door between HTTP and the actors. */
export interface Admission {
  /**
   * Asks for a slot for the next attempt of a request, waiting in queues if need be.
   *
   * `attempt` counts from 1. `tried` holds the accounts that must not carry it again. `hasAnswer` is true when an upstream has already answered, and the request then does not
   * wait (B10). With `isReturning` it comes back to its place after a rejection for concurrency (B9); `waitedMs` tells how long it has waited before, which counts (A6). `signal` aborts
   * when the client leaves.
   */
  admit(
    request: Admittable,
    options: {
      attempt: number
      tried: ReadonlySet<string>
      hasAnswer: boolean
      isReturning: boolean
      waitedMs: number
      signal: AbortSignal
    },
  ): Promise<Admitted> | Admitted
  /** Records how a request ended; resolves when that is in the log. Source: L7. */
  complete(request: Omit<RequestCompleted, "actor" | "type" | "at">): Promise<void>
}
