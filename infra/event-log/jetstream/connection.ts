import { connect, type NatsConnection } from "@nats-io/transport-node"
import { LogUnavailable } from "../event-log.ts"
import { asUnavailable } from "../unavailable.ts"

/** A connection that finds its server again by itself and says when it has lost it. */
export interface LogConnection {
  readonly nats: NatsConnection
  /** The servers that were asked for, without credentials. */
  readonly shown: string
  isConnected(): boolean
  /** Fails: throws `LogUnavailable` while there is no server: nothing is sent then, so that nothing is stored unasked when it is back. */
  requireConnected(): void
  /** Returns how many bytes the body of one message may take, as the server that answered last says. */
  bodyBytesMax(): number
  /** Runs at each loss of the connection, and when it is closed. */
  onLost(listener: (reason: string) => void): void
  close(): Promise<void>
}

/** What goes over the wire beside a body: the protocol line and the headers. */
const envelopeBytes = 1_024
const reconnectWaitMs = 100
const connectTimeoutMs = 2_000
/** A server that accepts bytes and answers nothing is given up after two of these. */
const pingIntervalMs = 5_000

const parseUrl = (text: string): URL => {
  const url = text.trim()
  try {
    return new URL(url.includes("://") ? url : `nats://${url}`)
  } catch {
    throw new LogUnavailable({ reason: `cannot reach NATS: ${JSON.stringify(url)} is not a URL` })
  }
}

const withoutCredentials = (url: URL): string => `${url.protocol}//${url.host}`

/**
 * Connects to the first server of a comma-separated list that answers.
 *
 * Shape: `nats://user:password@host:port,nats://host:port`; the first credentials count for all.
 * Fails: rejects with `LogUnavailable`, which names the servers and no credentials.
 */
export const connectToLog = async (url: string, name: string): Promise<LogConnection> => {
  const urls = url.split(",").map(parseUrl)
  const shown = urls.map(withoutCredentials).join(", ")
  const owner = urls.find((one) => one.username !== "")
  const credentials =
    owner === undefined
      ? {}
      : { user: decodeURIComponent(owner.username), pass: decodeURIComponent(owner.password) }
  try {
    const nats = await connect({
      ...credentials,
      name,
      servers: urls.map(withoutCredentials),
      timeout: connectTimeoutMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectWaitMs,
      reconnectJitter: reconnectWaitMs,
      ignoreAuthErrorAbort: true,
      pingInterval: pingIntervalMs,
      noAsyncTraces: true,
    })
    return watched(nats, shown)
  } catch (error) {
    throw asUnavailable(error, `cannot reach NATS at ${shown}`)
  }
}

const watched = (nats: NatsConnection, shown: string): LogConnection => {
  const listeners: Array<(reason: string) => void> = []
  let isConnected = true
  const lose = (reason: string): void => {
    isConnected = false
    for (const listener of listeners) listener(reason)
  }
  const watch = async (): Promise<void> => {
    for await (const status of nats.status()) {
      if (status.type === "disconnect") lose(`connection to ${shown} lost`)
      if (status.type === "reconnect") isConnected = true
    }
    lose(`connection to ${shown} closed`)
  }
  void watch()
  return {
    nats,
    shown,
    isConnected: () => isConnected,
    requireConnected: () => {
      if (!isConnected) throw new LogUnavailable({ reason: `no connection to ${shown}` })
    },
    bodyBytesMax: () => (nats.info?.max_payload ?? Infinity) - envelopeBytes,
    onLost: (listener) => void listeners.push(listener),
    close: async () => {
      lose(`connection to ${shown} closed`)
      await nats.close()
    },
  }
}
