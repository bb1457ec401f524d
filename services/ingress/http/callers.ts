import type { Socket } from "node:net"
import { isIP } from "node:net"
import { isLoopbackAddress } from "@sluice/infra/network/loopback.ts"
import { callerNetworkOf, type TrustedProxies } from "@sluice/infra/network/network.ts"
import { ConnectionShares } from "./connection-shares.ts"
import type { Peer } from "./peers.ts"
import type { RequestHeaders } from "./request-headers.ts"
import { WrongKeys } from "./wrong-keys.ts"

/** Where a request comes from. */
export interface Origin {
  readonly peer: Peer
  readonly headers: RequestHeaders
}

/**
 * Keeps callers from taking what others need: by the network that they call from each has a share of the connections, and has to pause after wrong keys.
 *
 * This machine, and a trusted proxy by itself, are nobody in particular. Source: S9.
 */
export class Callers {
  readonly #trustedProxies: () => TrustedProxies
  readonly #wrongKeys: WrongKeys
  readonly #shares: ConnectionShares

  constructor(of: {
    readonly trustedProxies: () => TrustedProxies
    /** Units: milliseconds since the epoch. */
    readonly now: () => number
    /** How many connections there may be. */
    readonly connections: number
  }) {
    this.#trustedProxies = of.trustedProxies
    this.#wrongKeys = new WrongKeys(of.now)
    this.#shares = new ConnectionShares(of.connections)
  }

  /** Takes a new connection, or closes it where its caller has its share. */
  accept(socket: Socket, peer: Peer): void {
    const caller = this.#isTrusted(peer) ? undefined : peer.network
    if (this.#shares.take(caller)) socket.once("close", () => this.#shares.giveBack(caller))
    else socket.destroy()
  }

  /** Takes note of whose the key of a request is. Returns for how many milliseconds its caller has to pause; 0 where it may go on. */
  pauseOf(origin: Origin, client: string | undefined): number {
    const caller = this.#callerOf(origin)
    if (caller === undefined) return 0
    return this.#wrongKeys.pauseOf(caller, { client, hasKey: origin.headers.key !== undefined })
  }

  #callerOf({ peer, headers }: Origin): string | undefined {
    return this.#isTrusted(peer) ? networkBehind(this.#trustedProxies(), headers.relayedFor) : peer.network
  }

  #isTrusted(peer: Peer): boolean {
    const proxies = this.#trustedProxies()
    if (proxies.isEmpty) return false
    if (peer.lookedUpIn !== proxies) {
      peer.lookedUpIn = proxies
      peer.isTrusted = proxies.has(peer.address)
    }
    return peer.isTrusted
  }
}

/** The last of a list that is no proxy to be trusted was told by one that is; what stands before it anybody may have written. */
const networkBehind = (proxies: TrustedProxies, relayedFor = ""): string | undefined => {
  for (let end = relayedFor.length; end > 0;) {
    const comma = relayedFor.lastIndexOf(",", end - 1)
    const address = addressIn(relayedFor.slice(comma + 1, end))
    if (address === undefined) return undefined
    if (!proxies.has(address)) return isLoopbackAddress(address) ? undefined : callerNetworkOf(address)
    end = comma
  }
  return undefined
}

/** Some proxies tell a port too. */
const addressIn = (text: string): string | undefined => {
  const told = text.trim()
  const address = /^\[(.*)\](?::\d+)?$/.exec(told)?.[1] ?? /^([\d.]+):\d+$/.exec(told)?.[1] ?? told
  return isIP(address) === 0 ? undefined : address
}
