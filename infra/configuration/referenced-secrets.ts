import { Result } from "effect"
import { type Finding, notValid } from "./problem.ts"
import { at, entries, type Entry } from "./raw-entry.ts"
import { fileOf, keyDigest, readSecret, type SecretSource } from "./secret.ts"

/** The secrets that a file refers to. They leave this object only by name. */
export interface ReferencedSecrets {
  readonly findings: ReadonlyArray<Finding>
  readonly secretOf: (reference: string) => string | undefined
  /** The files that secrets were read from. */
  readonly files: ReadonlyArray<string>
  /** Tells other secrets from these without showing either. */
  readonly fingerprint: string
}

/** Reads every secret that a file as written refers to, and finds those that are missing or belong to two clients. */
export const readReferencedSecrets = async (
  raw: unknown,
  source: SecretSource,
): Promise<ReferencedSecrets> => {
  const keys = entries(raw, "clients").map((client) => at(client, "key"))
  const credentials = entries(raw, "channels")
    .flatMap((channel) => entries(channel.value, "accounts", channel.path))
    .map((account) => at(account, "credential"))
  const read = new Map<string, Result.Result<string, string>>()
  for (const { value } of [...credentials, ...keys])
    if (isReference(value) && !read.has(value)) read.set(value, await readSecret(value, source))
  const secretOf = (reference: string) => {
    const secret = read.get(reference)
    return secret !== undefined && Result.isSuccess(secret) ? secret.success : undefined
  }
  return {
    findings: [...missing([...credentials, ...keys], read), ...shared(keys, secretOf)],
    secretOf,
    files: [...read.keys()].flatMap((reference) => fileOf(reference, source) ?? []),
    fingerprint: [...read.keys()]
      .map((reference) => keyDigest(secretOf(reference) ?? "").toString("hex"))
      .join(),
  }
}

const isReference = (value: unknown): value is string =>
  typeof value === "string" && /^(env:[A-Za-z_]\w*|file:.+)$/u.test(value)

const missing = (
  references: ReadonlyArray<Entry>,
  read: ReadonlyMap<string, Result.Result<string, string>>,
): ReadonlyArray<Finding> =>
  references.flatMap(({ path, value }) => {
    const secret = isReference(value) ? read.get(value) : undefined
    if (secret === undefined || Result.isSuccess(secret)) return []
    return [{ path, value: String(value), expected: "a secret", message: secret.failure }]
  })

const shared = (
  keys: ReadonlyArray<Entry>,
  secretOf: (reference: string) => string | undefined,
): ReadonlyArray<Finding> => {
  const seen = new Set<string>()
  return keys.flatMap(({ path, value }) => {
    const secret = isReference(value) ? secretOf(value) : undefined
    if (secret === undefined) return []
    if (seen.has(secret)) return [notValid(path, String(value), "a key that no other client has")]
    seen.add(secret)
    return []
  })
}
