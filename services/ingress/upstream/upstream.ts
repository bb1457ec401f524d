import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { type Dispatcher, Pool } from "undici"
import type { WireProtocol } from "../providers/protocol.ts"
import { DecodedAnswer } from "./decoded-answer.ts"

/** Where the attempts of one channel go. */
export interface Target {
  readonly dispatcher: Dispatcher
  /** The path of the base URL, without a slash at its end. */
  readonly basePath: string
  /** The operator's headers as a flat list, and their names in lower case: they stand in place of the client's. */
  readonly headers: ReadonlyArray<string>
  readonly headerNames: ReadonlySet<string>
}

/** What one attempt sends. */
export interface Outgoing {
  readonly protocol: WireProtocol
  /** The client's path, and its query with the question mark. */
  readonly path: string
  readonly query: string
  /** The name that the upstream knows the model by, where it is another. */
  readonly model: string | null
  /** The client's headers that may pass, as a flat list. */
  readonly headers: ReadonlyArray<string>
  readonly body: Buffer
  readonly channel: ChannelConfiguration
  readonly account: AccountConfiguration
  readonly credential: string
}

const keepAliveMs = 30_000

/**
 * Holds the connections to the upstreams: one pool for each origin and connect timeout, shared by the channels that have both in common.
 *
 * The pools open as many connections as there are attempts, since admission bounds these; they follow no redirects.
 * Source: S9.
 */
export class Upstreams {
  readonly #pools = new Map<string, Pool>()
  readonly #targets = new WeakMap<ChannelConfiguration, Target>()

  /** Sends an attempt; everything that comes of it comes to the handler, a mistake in the options too. */
  dispatch(outgoing: Outgoing, handler: Dispatcher.DispatchHandler): void {
    const { channel, protocol, path, query, model } = outgoing
    const target = this.#targets.get(channel) ?? this.#open(channel)
    const options: Dispatcher.DispatchOptions = {
      path: protocol.upstreamPath(target.basePath, path, model) + query,
      method: "POST",
      headers: outgoingHeaders(outgoing, target),
      body: outgoing.body,
      headersTimeout: channel.timeouts.firstByteMs,
      bodyTimeout: channel.timeouts.stallMs,
    }
    target.dispatcher.dispatch(options, new DecodedAnswer(handler))
  }

  #open(channel: ChannelConfiguration): Target {
    const url = new URL(channel.baseUrl)
    const entries = Object.entries(channel.headers)
    const target: Target = {
      dispatcher: this.#pool(url.origin, channel.timeouts.connectMs),
      basePath: url.pathname.replace(/\/+$/, ""),
      headers: entries.flat(),
      headerNames: new Set(entries.map(([name]) => name.toLowerCase())),
    }
    this.#targets.set(channel, target)
    return target
  }

  #pool(origin: string, connectMs: number): Pool {
    const key = `${connectMs} ${origin}`
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new Pool(origin, {
        allowH2: false,
        pipelining: 1,
        connections: null,
        connectTimeout: connectMs,
        keepAliveTimeout: keepAliveMs,
      })
      this.#pools.set(key, pool)
    }
    return pool
  }

  /** Cuts every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()))
  }
}

/** The client's headers, then what is the proxy's own, then the operator's; usage can only be read from a body that is not compressed. */
const outgoingHeaders = (outgoing: Outgoing, target: Target): string[] => {
  const { headerNames } = target
  const headers: string[] = []
  const from = outgoing.headers
  for (let at = 0; at + 1 < from.length; at += 2) {
    const name = from[at] ?? ""
    if (headerNames.size > 0 && headerNames.has(name.toLowerCase())) continue
    headers.push(name, from[at + 1] ?? "")
  }
  if (!headerNames.has("accept-encoding")) headers.push("accept-encoding", "identity")
  if (outgoing.credential !== "") {
    const [name, value] = outgoing.protocol.credentialHeader(outgoing.account.auth, outgoing.credential)
    if (!headerNames.has(name)) headers.push(name, value)
  }
  for (const part of target.headers) headers.push(part)
  return headers
}
