import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { directoryIdentity } from "@sluice/infra/process/directory-identity.ts"
import { Result, Schema } from "effect"

/** A process as it can be found again. `identity` tells it from a later one with the same id. */
export const KnownProcess = Schema.Struct({ pid: Schema.Int, identity: Schema.String })
export type KnownProcess = typeof KnownProcess.Type

const Service = Schema.Struct({ ...KnownProcess.fields, url: Schema.String })

/**
 * What runs on a data directory, for the commands that ask it and for the next start. Source: S2.
 *
 * Shape: a part is `null` while it does not run, and `nats` without a process where the server is another's (S3); no URL holds a credential.
 */
export const RunFile = Schema.Struct({
  ...KnownProcess.fields,
  /** Of the data directory, so that a copy of it is not taken for it. */
  directory: Schema.String,
  incarnation: Schema.String,
  started: Schema.String,
  configuration: Schema.String,
  nats: Schema.NullOr(Schema.Struct({ url: Schema.String, process: Schema.NullOr(KnownProcess) })),
  ingress: Schema.NullOr(Service),
  projector: Schema.NullOr(Service),
  simulator: Schema.NullOr(
    Schema.Struct({
      ...KnownProcess.fields,
      providers: Schema.Array(Schema.Struct({ name: Schema.String, url: Schema.String })),
    }),
  ),
})
export type RunFile = typeof RunFile.Type

const fileIn = (dataDirectory: string): string => join(dataDirectory, "run.json")
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(RunFile))

/** Reads what runs, or ran until it was killed, on a data directory; `undefined` where nothing does, where another version wrote it, and where it was copied from another directory. */
export const readRunFile = (dataDirectory: string): RunFile | undefined => {
  try {
    const read = decode(readFileSync(fileIn(dataDirectory), "utf8"))
    if (Result.isFailure(read)) return undefined
    return read.success.directory === directoryIdentity(dataDirectory) ? read.success : undefined
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    throw error
  }
}

/** Writes what runs, so that a reader sees the old content or the new one. */
export const writeRunFile = (dataDirectory: string, content: RunFile): void => {
  const file = fileIn(dataDirectory)
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Takes the file away at a clean end. */
export const removeRunFile = (dataDirectory: string): void => rmSync(fileIn(dataDirectory), { force: true })
