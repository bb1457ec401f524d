import type { Socket } from "node:net"
import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import type { Protocol } from "@sluice/events/field.ts"
import type { RefusedCount } from "@sluice/events/ingress.ts"
import type { TrustedProxies } from "@sluice/infra/network/network.ts"
import type { ClientLimit } from "./admission/client-limits.ts"
import type { Admission } from "./admission/lease.ts"
import type { SessionOwner } from "./admission/session-key.ts"
import type { Ends } from "./http/peers.ts"

/** Where the ingress writes what an operator should see; a pino logger is one. */
export interface IngressLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What a probe answers: whether all is well, and what to say about it. */
export interface Health {
  readonly ok: boolean
  readonly body: object
}

/** How long a client may take, and how much it may send. Source: S9. */
export interface IngressLimits {
  readonly headerBytes: number
  readonly headersTimeoutMs: number
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number
  /** How long a client may read nothing of an answer that waits for it. */
  readonly clientStallMs: number
  readonly keepAliveMs: number
  readonly connections: number
}

/** The limits where nothing else is said. */
export const defaultLimits: IngressLimits = {
  headerBytes: 32 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  clientStallMs: 60_000,
  keepAliveMs: 75_000,
  connections: 10_000,
}

/** Everything that the HTTP side is given; what can change while it runs is a function. */
export interface IngressOptions {
  readonly admission: Admission
  /** True if clients need keys; without them only requests from this machine's own programs are taken (S9). */
  readonly keysRequired: () => boolean
  /** Returns the id of the client that a key belongs to; `undefined` for a wrong or missing one. Where no key is required it gives an id for `undefined` too. */
  readonly authenticate: (key: string | undefined) => string | undefined
  /** Returns the limit of a client, as it is now; `undefined` for one that has none. Source: A13. */
  readonly clientLimitOf: (client: string) => ClientLimit | undefined
  /** Returns the pool that serves a model to a client. Source: B1. */
  readonly route: (protocol: Protocol, model: string, client: string) => PoolConfiguration | undefined
  /** Returns a session the id that facts know it by. Source: B5. */
  readonly sessionIdOf: (session: SessionOwner) => string
  /** The literal model names that a client can call. */
  readonly models: (client: string) => ReadonlyArray<string>
  /** Returns how many tokens a model can write at most, where that is known. Source: D4. */
  readonly mostOutputOf: (model: string) => number | undefined
  readonly bodyLimitBytes: () => number
  /** How much the bodies of all requests may hold together. */
  readonly bodyBudgetBytes: () => number
  /** Records how many requests were refused before they were routed; nobody waits for it. Source: A11. */
  readonly recordRefused: (counts: ReadonlyArray<RefusedCount>) => void
  /** True if there is no room on the disk for what new requests would have written. Source: S9. */
  readonly isDiskFull: () => boolean
  readonly isShuttingDown: () => boolean
  readonly health: () => Health
  readonly readiness: () => Health
  readonly newRequestId: () => string
  /** Returns the process's own time, so that an arrival and a grant are of one clock. Units: milliseconds since the epoch. */
  readonly now: () => number
  /** Returns the proxies that are believed when they say for whom they pass a request on, as they are set now. Source: S9. */
  readonly trustedProxies: () => TrustedProxies
  /** Tells the addresses of a connection, where the socket is not to be asked. */
  readonly endsOf?: (socket: Socket) => Ends
  readonly log: IngressLog
  readonly limits?: Partial<IngressLimits>
  /** Draws from 0…1 for the jitter of retries. */
  readonly random?: () => number
}
