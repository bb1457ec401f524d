import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { isLoopbackAddress } from "@sluice/infra/network/loopback.ts"
import { callerNetworkOf, type TrustedProxies } from "@sluice/infra/network/network.ts"

/** The addresses of both ends of a connection; a closed one may have none. */
export interface Ends {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
}

/** Who is at the other end of a connection. */
export interface Peer {
  /** True if both ends are addresses of this machine's loopback. Source: S9. */
  readonly isLocal: boolean
  /** Empty where the connection had closed before it was looked at. */
  readonly address: string
  /** What a caller is known by; `undefined` for one on this machine. */
  readonly network: string | undefined
  /** True if it is a proxy that is trusted, by the ones that it was last looked up in. */
  isTrusted: boolean
  lookedUpIn: TrustedProxies | undefined
  /** How many of its requests are being served. */
  serving: number
  /** The answer to the newest of them. */
  response: ServerResponse | undefined
}

/** Knows who is at the other end of each connection: looked at once, since a connection does not change its ends. */
export class Peers {
  readonly #endsOf: (socket: Socket) => Ends
  readonly #known = new WeakMap<Socket, Peer>()

  /** `endsOf` tells the addresses of a connection; a socket tells its own. */
  constructor(endsOf: (socket: Socket) => Ends = (socket) => socket) {
    this.#endsOf = endsOf
  }

  /** Returns the other end of the connection of an answer that begins to be served, which counts there until it is over. */
  serve(response: ServerResponse): Peer {
    const peer = this.of(response.req.socket)
    peer.serving += 1
    peer.response = response
    return peer
  }

  /** Returns the other end of a connection. */
  of(socket: Socket): Peer {
    const known = this.#known.get(socket)
    if (known !== undefined) return known
    const { remoteAddress = "", localAddress = "" } = this.#endsOf(socket)
    const isHere = isLoopbackAddress(remoteAddress)
    const peer: Peer = {
      isLocal: isHere && isLoopbackAddress(localAddress),
      address: remoteAddress,
      network: isHere || remoteAddress === "" ? undefined : callerNetworkOf(remoteAddress),
      isTrusted: false,
      lookedUpIn: undefined,
      serving: 0,
      response: undefined,
    }
    this.#known.set(socket, peer)
    return peer
  }
}
