import type { ClientLimits } from "../admission/client-limits.ts"
import type { BodyBudget } from "../http/body-budget.ts"
import type { Callers } from "../http/callers.ts"
import type { Peers } from "../http/peers.ts"
import type { IngressOptions } from "../ingress-options.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import type { RefusedRequests } from "../refusals/refused-requests.ts"
import type { InSwapList } from "../swap-list.ts"
import type { Upstreams } from "../upstream/upstream.ts"
import type { UsageAsking } from "../usage/usage-asking.ts"

/** What all requests of an ingress share. */
export interface ExchangeContext {
  readonly options: IngressOptions
  readonly clientLimits: ClientLimits
  readonly peers: Peers
  readonly callers: Callers
  readonly bodyBudget: BodyBudget
  readonly refused: RefusedRequests
  readonly upstreams: Upstreams
  readonly clientStallMs: number
  readonly random: () => number
  readonly usageAsking: UsageAsking
  /** Told when a request is over: recorded, and answered if somebody was left to answer to. */
  readonly onDone: (exchange: InSwapList) => void
}

/** Where a request was sent to. */
export interface Destination {
  readonly protocol: WireProtocol
  readonly path: string
  /** With its question mark, or empty; without the client's key. */
  readonly query: string
  /** The client's key, where the query brought one. */
  readonly key: string | undefined
}
