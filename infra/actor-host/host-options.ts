import type { Fact } from "@sluice/events/commit.ts"
import type { Clock } from "../clock/clock.ts"
import type { EventLog } from "../event-log/event-log.ts"
import type { LoadOptions } from "./loading.ts"

/** What a host tells of a subject. */
export interface HostEvents {
  /** New facts, in order, as soon as they are decided; what a client can see waits for `committed`. Source: L4, L7. */
  onFacts?(facts: ReadonlyArray<Fact>, committed: Promise<void>): void
  /** The state was folded anew, or is given up (`isLive` tells): what was decided and not stored did not happen. Source: L6, L8. */
  onReloaded?(): void
  /** What was decided waits for the log, which does not answer (true), or waits no more (false). Source: L9. */
  onWaiting?(subject: string, waiting: { readonly isWaiting: boolean; readonly reason: string }): void
  /** Something that an operator has to know. */
  onTrouble?(message: string, detail: Record<string, unknown>): void
}

/** What a hosted subject needs from outside. */
export interface HostOptions {
  readonly log: EventLog
  readonly clock: Clock
  readonly node: string
  readonly events: HostEvents
  /** What is known of the subject beside its log. */
  readonly load?: LoadOptions
}
