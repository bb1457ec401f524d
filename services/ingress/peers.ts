import type { Socket } from "node:net"
import { isLoopbackAddress } from "@sluice/infra/network/loopback.ts"

/** The addresses of both ends of a connection; a closed one may have none. */
export interface Ends {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
}

/** Who is at the other end of a connection. */
export interface Peer {
  /** Whether both ends are addresses of this machine's loopback. Source: S9. */
  readonly isLocal: boolean
}

/** Knows who is at the other end of each connection: looked at once, since a connection does not change its ends. */
export class Peers {
  readonly #endsOf: (socket: Socket) => Ends
  readonly #known = new WeakMap<Socket, Peer>()

  /** `endsOf` tells the addresses of a connection; a socket tells its own. */
  constructor(endsOf: (socket: Socket) => Ends = (socket) => socket) {
    this.#endsOf = endsOf
  }

  /** Gives the other end of a connection. */
  of(socket: Socket): Peer {
    const known = this.#known.get(socket)
    if (known !== undefined) return known
    const { remoteAddress = "", localAddress = "" } = this.#endsOf(socket)
    const peer = { isLocal: isLoopbackAddress(remoteAddress) && isLoopbackAddress(localAddress) }
    this.#known.set(socket, peer)
    return peer
  }
}
