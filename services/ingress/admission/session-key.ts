import { createHmac } from "node:crypto"
import type { SessionSource } from "@sluice/events/field.ts"
import type { RequestHeaders } from "../http/request-headers.ts"

/** What a client calls its conversation, and where it says so. Source: B5. */
export interface SessionKey {
  readonly key: string
  readonly source: SessionSource
}

/** A conversation as facts know it: 16 hex digits that tell nothing of its key. Source: B5. */
export interface Session {
  readonly id: string
  readonly source: SessionSource
}

/** Whose key it is: the same key of another client or in another pool is another session. Source: docs/glossary.md. */
export interface SessionOwner {
  readonly client: string
  readonly pool: string
  readonly key: string
}

const longestKey = 512
const idDigits = 16

/** Takes a value for a session's key; one that is no text, empty or longer than 512 characters is none. Source: B5. */
export const sessionKeyOf = (value: unknown, source: SessionSource): SessionKey | undefined =>
  typeof value === "string" && value.length > 0 && value.length <= longestKey
    ? { key: value, source }
    : undefined

/** Where a protocol's bodies name a session; absent where they have no field for it. */
interface SessionFields {
  sessionKey?(json: Readonly<Record<string, unknown>>): SessionKey | undefined
}

/** Finds the key of a request's session: the first of its headers and the fields of its protocol that holds one. Source: B5. */
export const readSessionKey = (
  headers: RequestHeaders,
  protocol: SessionFields,
  json: Readonly<Record<string, unknown>>,
): SessionKey | undefined => {
  const own = sessionKeyOf(headers.session, "header")
  if (own !== undefined) return own
  const inBody = protocol.sessionKey?.(json)
  // Of what bodies hold only this names one conversation for sure, so that only this comes before the headers.
  if (inBody?.source === "metadata_user_id") return inBody
  return (
    sessionKeyOf(headers.sessionId, "session_header") ??
    sessionKeyOf(headers.claudeCodeSession, "session_header") ??
    inBody
  )
}

/** Makes the function that gives a session its id under a secret of the installation. Source: B5; docs/glossary.md. */
export const createSessionIds =
  (secret: Buffer) =>
  ({ client, pool, key }: SessionOwner): string =>
    createHmac("sha256", secret).update(`${client}\0${pool}\0${key}`).digest("hex").slice(0, idDigits)
