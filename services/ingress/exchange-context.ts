import type { IngressOptions } from "./ingress-options.ts"
import type { WireProtocol } from "./protocols/protocol.ts"
import type { Exchange } from "./request.ts"
import type { Upstreams } from "./upstream.ts"
import type { UsageAsking } from "./usage-asking.ts"

/** What all requests of an ingress share. */
export interface ExchangeContext {
  readonly options: IngressOptions
  readonly upstreams: Upstreams
  readonly clientStallMs: number
  readonly random: () => number
  readonly usageAsking: UsageAsking
  /** Told when a request is over: recorded, and answered if somebody was left to answer to. */
  readonly onDone: (exchange: Exchange) => void
}

/** Where a request was sent to. */
export interface Destination {
  readonly protocol: WireProtocol
  readonly path: string
  /** With its question mark, or empty. */
  readonly query: string
}
