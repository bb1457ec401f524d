import { randomBytes } from "node:crypto"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { Predicate, Schema } from "effect"
import { whyUnreadable } from "../configuration/file/unreadable.ts"

/** A secret of the installation is there and cannot be used, or cannot be made. */
export class UnusableSecret extends Schema.TaggedError<UnusableSecret>()("UnusableSecret", {
  file: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return `the secret ${this.file} ${this.reason}`
  }
}

const secretBytes = 32

/**
 * Reads a secret of the installation, and makes it where there is none yet: 32 random bytes that only this user may read.
 *
 * Shape: the caller holds the directory, so that two starts do not make two secrets.
 * Fails: rejects with `UnusableSecret`; a damaged secret is never replaced, since what was made with it would be known no more.
 */
export const openInstallationSecret = async (file: string): Promise<Buffer> => {
  const secret = (await readIfThere(file)) ?? (await makeSecret(file))
  if (secret.length >= secretBytes) return secret
  const reason = `holds ${secret.length} bytes, and ${secretBytes} are needed: restore it, or remove it to begin with a new one`
  throw new UnusableSecret({ file, reason })
}

const readIfThere = async (file: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(file)
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined
    throw new UnusableSecret({ file, reason: whyUnreadable(error) })
  }
}

const makeSecret = async (file: string): Promise<Buffer> => {
  const secret = randomBytes(secretBytes)
  const unfinished = `${file}.new`
  try {
    await mkdir(dirname(file), { recursive: true })
    // Flushed before it has its name: a crash leaves all of it or nothing.
    await writeFile(unfinished, secret, { mode: 0o600, flush: true })
    await rename(unfinished, file)
  } catch (error) {
    throw new UnusableSecret({ file, reason: `cannot be made (${codeOf(error) ?? "unknown reason"})` })
  }
  return secret
}

const codeOf = (error: unknown): string | undefined =>
  Predicate.hasProperty(error, "code") && typeof error.code === "string" ? error.code : undefined
