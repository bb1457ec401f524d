import { Result } from "effect"
import { at, entries, type Entry } from "../file/raw-entry.ts"
import { type Finding, notValid, shown } from "../problem.ts"
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

/** Keys of fewer characters can be guessed. Source: S9. */
const shortestKey = 16

/** Reads every secret that a file as written refers to, and finds those that are missing or short, or belong to two clients. */
export const readReferencedSecrets = async (
  raw: unknown,
  source: SecretSource,
): Promise<ReferencedSecrets> => {
  const clients = entries(raw, "clients")
  const keys = clients.map((client) => at(client, "key"))
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
    findings: [
      ...missing([...credentials, ...keys], read),
      ...short(clients, secretOf),
      ...shared(keys, secretOf),
    ],
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

const short = (
  clients: ReadonlyArray<Entry>,
  secretOf: (reference: string) => string | undefined,
): ReadonlyArray<Finding> =>
  clients.flatMap((client) => {
    const { path, value } = at(client, "key")
    const key = isReference(value) ? secretOf(value) : undefined
    if (key === undefined || key.length >= shortestKey) return []
    const expected = `a key of at least ${shortestKey} characters`
    const message = `${String(value)}: the key of the client ${shown(at(client, "id").value)} is too short: expected at least ${shortestKey} characters, such as \`openssl rand -hex 32\` makes`
    return [{ path, value: String(value), expected, message }]
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
