import { isLoopbackAuthority } from "@sluice/infra/network/loopback.ts"
import { maySpeakUpstream } from "./identity-headers.ts"

/** What the headers of a request say to the proxy, and those that go on to the upstream. */
export interface RequestHeaders {
  /** The client's key. */
  readonly key: string | undefined
  readonly hasOrigin: boolean
  /** For whom somebody between says that it passes the request on, as `x-forwarded-for` lists it; empty where only `forwarded` or `x-real-ip` says it. Source: S9; RFC 7239. */
  readonly relayedFor: string | undefined
  /** True if every `host` names this machine. Source: S9. */
  readonly hostIsLoopback: boolean
  readonly deadline: string | undefined
  /** What `x-sluice-session`, `session_id` and `x-claude-code-session-id` say. Source: B5. */
  readonly session: string | undefined
  readonly sessionId: string | undefined
  readonly claudeCodeSession: string | undefined
  /** NaN where the header is absent. */
  readonly contentLength: number
  /** A flat list of names and values. */
  readonly forwarded: string[]
}

type Role =
  | "drop"
  | "authorization"
  | "key"
  | "origin"
  | "relay"
  | "host"
  | "length"
  | "deadline"
  | "session"
  | "sessionId"
  | "claudeCodeSession"
  | "connection"

/**
 * The headers that do not simply pass, or that are read on their way: those of one hop, the client's credentials, what the connection to the upstream says for itself, and what names the session. `identity-headers.ts` says which others stay here.
 *
 * Source: S5; RFC 9110, section 7.6.1. Cookies count as credentials.
 */
const roles = new Map<string, Role>([
  ["accept-encoding", "drop"],
  ["api-key", "key"],
  ["authorization", "authorization"],
  ["connection", "connection"],
  ["content-length", "length"],
  ["cookie", "drop"],
  ["expect", "drop"],
  ["forwarded", "relay"],
  ["host", "host"],
  ["http2-settings", "drop"],
  ["keep-alive", "drop"],
  ["origin", "origin"],
  ["proxy-authenticate", "drop"],
  ["proxy-authorization", "drop"],
  ["proxy-connection", "drop"],
  ["session_id", "sessionId"],
  ["te", "drop"],
  ["trailer", "drop"],
  ["transfer-encoding", "drop"],
  ["upgrade", "drop"],
  ["x-api-key", "key"],
  ["x-claude-code-session-id", "claudeCodeSession"],
  ["x-forwarded-for", "relay"],
  ["x-goog-api-key", "key"],
  ["x-real-ip", "relay"],
  ["x-sluice-deadline-ms", "deadline"],
  ["x-sluice-session", "session"],
])

/** What has been read of the headers of a request so far. */
class Reading {
  bearer: string | undefined
  key: string | undefined
  hasOrigin = false
  relayedFor: string | undefined
  hostIsLoopback = true
  deadline: string | undefined
  session: string | undefined
  sessionId: string | undefined
  claudeCodeSession: string | undefined
  contentLength = Number.NaN
  oneHop: string | undefined
  forwarded: string[] = []

  /** Reads one header; its name is in lower case. */
  take(name: string, value: string): void {
    switch (roles.get(name)) {
      case undefined:
        if (maySpeakUpstream(name)) this.forwarded.push(name, value)
        break
      case "origin":
        this.hasOrigin = true
        break
      case "relay":
        this.relayedFor = relayedOf(this.relayedFor, { name, value })
        break
      case "authorization":
        this.bearer ??= bearerKey(value)
        break
      case "key":
        this.key ??= value
        break
      case "host":
        this.hostIsLoopback &&= namesThisMachine(value)
        break
      case "length":
        this.contentLength = Number(value)
        break
      case "deadline":
        this.deadline = value
        break
      case "session":
        this.session = value
        break
      case "sessionId":
        this.sessionId = value
        this.forwarded.push(name, value)
        break
      case "claudeCodeSession":
        this.claudeCodeSession = value
        this.forwarded.push(name, value)
        break
      case "connection":
        if (value !== "keep-alive" && value !== "close")
          this.oneHop = this.oneHop === undefined ? value : `${this.oneHop},${value}`
        break
      case "drop":
        break
    }
  }
}

/** Reads the raw headers of a request once. Shape: `raw` is a flat list of names and values as received; `queryKey` counts where no header holds a key. */
export const readRequestHeaders = (raw: ReadonlyArray<string>, queryKey?: string): RequestHeaders => {
  const read = new Reading()
  for (let at = 0; at + 1 < raw.length; at += 2) read.take((raw[at] ?? "").toLowerCase(), raw[at + 1] ?? "")
  const { forwarded, oneHop } = read
  read.key = read.bearer ?? read.key ?? queryKey
  if (oneHop !== undefined) read.forwarded = withoutNamed(forwarded, oneHop)
  return read
}

const bearerKey = (value: string): string | undefined => {
  const scheme = value.slice(0, 7)
  return scheme === "Bearer " || scheme.toLowerCase() === "bearer " ? value.slice(7).trim() : undefined
}

/** Several `x-forwarded-for` are one list. Source: RFC 9110, section 5.3. */
const relayedOf = (before: string | undefined, { name, value }: { name: string; value: string }): string =>
  name !== "x-forwarded-for" ? (before ?? "") : before ? `${before},${value}` : value

/** What a client names in `connection` is for this hop alone. */
const withoutNamed = (forwarded: ReadonlyArray<string>, connection: string): string[] => {
  const named = new Set(connection.split(",").map((name) => name.trim().toLowerCase()))
  return forwarded.filter((_, at) => !named.has(forwarded[at - (at % 2)] ?? ""))
}

let lastLoopback = ""

/** True if a `host` header names this machine. The last one that does is remembered, since most requests bring the same. Source: S9. */
const namesThisMachine = (host: string): boolean => {
  if (host === lastLoopback) return true
  const matches = isLoopbackAuthority(host)
  if (matches) lastLoopback = host
  return matches
}
