import { hash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { Result } from "effect"
import { whyUnreadable } from "../file/unreadable.ts"

/** Where secrets come from. */
export interface SecretSource {
  /** What `file:` paths are relative to: the folder of the configuration file. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Returns the path of the file that a reference names, if it names one. */
export const fileOf = (reference: string, { folder }: SecretSource): string | undefined =>
  reference.startsWith("file:") ? resolve(folder, reference.slice("file:".length)) : undefined

/**
 * Reads the secret that `env:NAME` or `file:PATH` names, without the line end of the file.
 *
 * Fails: with a sentence that names the reference and never the secret.
 */
export const readSecret = async (
  reference: string,
  source: SecretSource,
): Promise<Result.Result<string, string>> => {
  const file = fileOf(reference, source)
  if (file !== undefined) return readSecretFile(reference, file)
  const name = reference.slice("env:".length)
  const value = source.environment[name]
  if (value === undefined) return Result.fail(`${reference}: the environment variable ${name} is not set`)
  return checked(reference, value)
}

/** Returns the digest by which a client's key is kept and known again. Source: S9. */
export const keyDigest = (key: string): Buffer => hash("sha256", key, "buffer")

const readSecretFile = async (reference: string, file: string): Promise<Result.Result<string, string>> => {
  try {
    return checked(reference, await readFile(file, "utf8"))
  } catch (error) {
    return Result.fail(`${reference}: the file ${whyUnreadable(error)}`)
  }
}

const checked = (reference: string, text: string): Result.Result<string, string> => {
  const secret = text.trim()
  if (secret === "") return Result.fail(`${reference}: it is empty`)
  // Anything else cannot stand in an HTTP header, and would fail each request with an error that shows it.
  if (!/^[\x21-\x7e]+$/u.test(secret))
    return Result.fail(`${reference}: it holds more than one line or odd characters`)
  return Result.succeed(secret)
}
