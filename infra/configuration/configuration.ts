import { readFile } from "node:fs/promises"
import { dirname, resolve } from "node:path"
import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { accountsOf } from "@sluice/events/configuration/implicit-account.ts"
import { Effect, Result } from "effect"
import { loadPrices, type PriceTable } from "../prices/prices.ts"
import { crossCheck, oddities } from "./checks/cross-checks.ts"
import { field } from "./file/raw-entry.ts"
import { decodeFile } from "./file/shape.ts"
import { whyUnreadable } from "./file/unreadable.ts"
import { parseYaml } from "./file/yaml-source.ts"
import { type Finding, InvalidConfiguration, type Path, type Problem, shown } from "./problem.ts"
import { type Authenticator, createAuthenticator } from "./secrets/authenticator.ts"
import { readReferencedSecrets, type ReferencedSecrets } from "./secrets/referenced-secrets.ts"
import { keyDigest, type SecretSource } from "./secrets/secret.ts"

/** A configuration that can be used: everything in it is checked, and its secrets are at hand and out of sight. */
export interface Configuration {
  /** The file as it was named, for messages. */
  readonly file: string
  readonly wanted: ConfigurationFile
  /** What is allowed and probably not meant. */
  readonly warnings: ReadonlyArray<Problem>
  /** Returns an account's credential: empty where none is needed, `undefined` where the account is not known. */
  readonly credentialOf: (account: string) => string | undefined
  readonly authenticate: Authenticator
  readonly prices: PriceTable
  /** The files that its content comes from, besides itself. */
  readonly sources: ReadonlyArray<string>
  /** Tells contents apart, those of secrets included, without showing them. */
  readonly fingerprint: string
}

/** A configuration's text, and what it is read with. */
export interface ConfigurationText extends SecretSource {
  readonly file: string
  readonly text: string
}

/**
 * Reads a configuration file, with the secrets and prices that it refers to.
 *
 * Fails: `InvalidConfiguration` with everything that is wrong. Source: S4.
 */
export const readConfiguration = Effect.fnUntraced(function* (
  file: string,
  environment: SecretSource["environment"] = process.env,
) {
  const text = yield* Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: (error) => unreadable(file, error),
  })
  return yield* parseConfiguration({ file, text, folder: dirname(resolve(file)), environment })
})

/**
 * Makes a configuration of a text.
 *
 * Fails: `InvalidConfiguration` with everything that is wrong. Source: S4.
 */
export const parseConfiguration = Effect.fnUntraced(function* (source: ConfigurationText) {
  const { value, problems, locate } = parseYaml(source.text)
  if (problems.length > 0) return yield* new InvalidConfiguration({ file: source.file, problems })
  const shape = decodeFile(value)
  const secrets = yield* Effect.promise(() => readReferencedSecrets(value, source))
  const prices = yield* Effect.result(readPrices(value, source))
  const findings = [
    ...(Result.isFailure(shape) ? shape.failure : []),
    ...crossCheck(value),
    ...secrets.findings,
    ...(Result.isFailure(prices) ? prices.failure : []),
  ]
  if (Result.isFailure(shape) || Result.isFailure(prices) || findings.length > 0)
    return yield* new InvalidConfiguration({ file: source.file, problems: inOrder(findings.map(locate)) })
  return usable(source, {
    wanted: shape.success,
    warnings: inOrder(oddities(value, source.environment).map(locate)),
    prices: prices.success,
    secrets,
  })
})

const unreadable = (file: string, error: unknown): InvalidConfiguration => {
  const place = { path: "", line: 0, column: 0, value: null }
  const problem = { ...place, expected: "a readable file", message: whyUnreadable(error) }
  return new InvalidConfiguration({ file, problems: [problem] })
}

const inOrder = (problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> =>
  problems.toSorted((one, other) => one.line - other.line || one.column - other.column)

const pricesPath: Path = ["settings", "prices"]

const readPrices = (
  raw: unknown,
  source: ConfigurationText,
): Effect.Effect<PriceTable, ReadonlyArray<Finding>> => {
  const path = field(field(raw, "settings"), "prices")
  return loadPrices(
    typeof path === "string" && path !== "" ? { overrideFile: resolve(source.folder, path) } : {},
  ).pipe(
    Effect.mapError(({ problems }) =>
      problems.map((problem) => ({
        path: pricesPath,
        value: shown(path),
        expected: "a list of prices",
        message: `${shown(path)} is not a list of prices: ${problem}`,
      })),
    ),
  )
}

const usable = (
  { file, text, folder }: ConfigurationText,
  parts: Pick<Configuration, "wanted" | "warnings" | "prices"> & { readonly secrets: ReferencedSecrets },
): Configuration => {
  const { wanted, warnings, prices, secrets } = parts
  const credentials = new Map<string, string | undefined>()
  for (const { id, credential } of wanted.channels.flatMap(accountsOf))
    credentials.set(id, credential === null ? "" : secrets.secretOf(credential))
  const clients = wanted.clients.map(({ id, key }) => ({
    client: id,
    keyDigest: keyDigest(secrets.secretOf(key) ?? unchecked(key)),
  }))
  return {
    file,
    wanted,
    warnings,
    credentialOf: (account) => credentials.get(account),
    authenticate: createAuthenticator(clients),
    prices,
    sources: [
      ...secrets.files,
      ...(wanted.settings.prices === null ? [] : [resolve(folder, wanted.settings.prices)]),
    ],
    fingerprint: keyDigest([text, secrets.fingerprint, prices.version].join("\n")).toString("hex"),
  }
}

const unchecked = (reference: string): never => {
  throw new Error(`${reference} was not read although the configuration is valid`)
}
