import { timingSafeEqual } from "node:crypto"
import { keyDigest } from "./secret.ts"

/** Returns the client that a key belongs to. */
export type Authenticator = (key: string | undefined) => string | undefined

/** A client and the SHA-256 of its key. */
export interface KnownClient {
  readonly client: string
  readonly keyDigest: Buffer
}

/** Who calls where no clients are configured. */
export const anonymousClient = "local"

/** So many keys that were right lately are known again without a digest, which takes ten times as long. */
const rememberedMost = 8

/**
 * Makes the check of client keys: each key is compared with all digests, so that the time taken tells nothing but whether it was right.
 *
 * Without clients everyone is `local`.
 * Source: S9.
 */
export const createAuthenticator = (clients: ReadonlyArray<KnownClient>): Authenticator => {
  if (clients.length === 0) return () => anonymousClient
  const remembered: Array<{ readonly client: string; readonly key: Buffer }> = []
  let next = 0
  return (key) => {
    if (key === undefined) return undefined
    const bytes = Buffer.from(key)
    for (const { client, key: right } of remembered)
      if (right.length === bytes.length && timingSafeEqual(right, bytes)) return client
    const digest = keyDigest(key)
    let found: string | undefined
    for (const { client, keyDigest: known } of clients) if (timingSafeEqual(known, digest)) found = client
    if (found === undefined) return undefined
    remembered[next] = { client: found, key: bytes }
    next = (next + 1) % rememberedMost
    return found
  }
}
