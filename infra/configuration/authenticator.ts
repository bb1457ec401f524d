import { timingSafeEqual } from "node:crypto"
import { keyDigest } from "./secret.ts"

/** Gives the client that a key belongs to. */
export type Authenticator = (key: string | undefined) => string | undefined

/** A client and the SHA-256 of its key. */
export interface KnownClient {
  readonly client: string
  readonly keyDigest: Buffer
}

/** Who calls where no clients are configured. */
export const anonymousClient = "local"

/**
 * Makes the check of client keys: each key is compared with all digests, so that the time taken tells nothing.
 *
 * Without clients everyone is `local`.
 * Source: S9.
 */
export const createAuthenticator = (clients: ReadonlyArray<KnownClient>): Authenticator => {
  if (clients.length === 0) return () => anonymousClient
  return (key) => {
    if (key === undefined) return undefined
    const digest = keyDigest(key)
    let found: string | undefined
    for (const { client, keyDigest: known } of clients) if (timingSafeEqual(known, digest)) found = client
    return found
  }
}
