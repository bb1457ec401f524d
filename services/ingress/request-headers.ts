import { isLoopbackAuthority } from "@sluice/infra/network/loopback.ts"
import { maySpeakUpstream } from "./identity-headers.ts"

/** What the headers of a request say to the proxy, and those that go on to the upstream. */
export interface RequestHeaders {
  /** The client's key. */
  readonly key: string | undefined
  readonly hasOrigin: boolean
  /** For whom somebody between says that it passes the request on, as `x-forwarded-for` lists it; empty where only `forwarded` or `x-real-ip` says it. Source: S9; RFC 7239. */
  readonly relayedFor: string | undefined
  /** Whether every `host` names this machine. Source: S9. */
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

/** Reads the raw headers of a request once. Shape: `raw` is a flat list of names and values as received; `queryKey` counts where no header holds a key. */
export const readRequestHeaders = (raw: ReadonlyArray<string>, queryKey?: string): RequestHeaders => {
  let bearer: string | undefined
  let key: string | undefined
  let hasOrigin = false
  let relayedFor: string | undefined
  let hostIsLoopback = true
  let deadline: string | undefined
  let session: string | undefined
  let sessionId: string | undefined
  let claudeCodeSession: string | undefined
  let contentLength = Number.NaN
  let oneHop: string | undefined
  const forwarded: string[] = []
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase()
    const value = raw[at + 1] ?? ""
    switch (roles.get(name)) {
      case undefined:
        if (maySpeakUpstream(name)) forwarded.push(name, value)
        break
      case "origin":
        hasOrigin = true
        break
      case "relay":
        relayedFor = relayedOf(relayedFor, { name, value })
        break
      case "authorization":
        bearer ??= bearerKey(value)
        break
      case "key":
        key ??= value
        break
      case "host":
        hostIsLoopback &&= namesThisMachine(value)
        break
      case "length":
        contentLength = Number(value)
        break
      case "deadline":
        deadline = value
        break
      case "session":
        session = value
        break
      case "sessionId":
        sessionId = value
        forwarded.push(name, value)
        break
      case "claudeCodeSession":
        claudeCodeSession = value
        forwarded.push(name, value)
        break
      case "connection":
        oneHop = oneHopOf(oneHop, value)
        break
      case "drop":
        break
    }
  }
  return {
    key: bearer ?? key ?? queryKey,
    hasOrigin,
    relayedFor,
    hostIsLoopback,
    deadline,
    session,
    sessionId,
    claudeCodeSession,
    contentLength,
    forwarded: oneHop === undefined ? forwarded : withoutNamed(forwarded, oneHop),
  }
}

const bearerKey = (value: string): string | undefined => {
  const scheme = value.slice(0, 7)
  return scheme === "Bearer " || scheme.toLowerCase() === "bearer " ? value.slice(7).trim() : undefined
}

/** Several `x-forwarded-for` are one list. Source: RFC 9110, section 5.3. */
const relayedOf = (before: string | undefined, { name, value }: { name: string; value: string }): string =>
  name !== "x-forwarded-for" ? (before ?? "") : before ? `${before},${value}` : value

const oneHopOf = (before: string | undefined, connection: string): string | undefined => {
  if (connection === "keep-alive" || connection === "close") return before
  return before === undefined ? connection : `${before},${connection}`
}

/** What a client names in `connection` is for this hop alone. */
const withoutNamed = (forwarded: ReadonlyArray<string>, connection: string): string[] => {
  const named = new Set(connection.split(",").map((name) => name.trim().toLowerCase()))
  return forwarded.filter((_, at) => !named.has(forwarded[at - (at % 2)] ?? ""))
}

let lastLoopback = ""

/** Whether a `host` header names this machine. The last one that does is remembered, since most requests bring the same. Source: S9. */
const namesThisMachine = (host: string): boolean => {
  if (host === lastLoopback) return true
  const matches = isLoopbackAuthority(host)
  if (matches) lastLoopback = host
  return matches
}
