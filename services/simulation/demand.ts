import type { Estimate, Protocol, Tokens } from "@sluice/events/field.ts"
import type { Session } from "@sluice/ingress/admission/session-key.ts"

/** What a request costs a provider. Units: milliseconds of its service, from its arrival there to its last byte. */
export interface Work {
  readonly serviceMs: number
  readonly firstByteMs: number
  readonly tokens: Tokens
}

/** A request that a client sends. */
export interface Demand {
  readonly client: string
  readonly protocol: Protocol
  readonly model: string
  readonly pool: string
  readonly session: Session | null
  readonly estimate: Estimate
  readonly deadlineMs: number | null
  /** How long the client stays; `null` = to the end. */
  readonly leavesAfterMs: number | null
  readonly work: Work
}
