import { existsSync, statSync } from "node:fs"
import { resolve } from "node:path"
import { checkArchive, importArchive } from "@sluice/infra/archive/import-archive.ts"
import { openImports } from "@sluice/infra/event-log/jetstream/imports.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { Effect } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { type LogLocation, logToFill } from "./log-at.ts"
import { showProgress } from "./progress.ts"

/** What is imported, and whereto. */
export interface ImportOptions extends LogLocation {
  readonly file: string
  readonly json: boolean
}

/** Puts an exported log into an empty one, after the whole file was checked. Fails: with one line. */
export const importLog = Effect.fnUntraced(function* ({ file, json, ...place }: ImportOptions) {
  if (!existsSync(file)) return yield* new CommandFailed({ message: `${file} does not exist` })
  const checking = showProgress("checking")
  const bytes = statSync(file).size
  const manifest = yield* attempt(() => checkArchive(file, (done) => checking.update(done, bytes))).pipe(
    Effect.ensuring(Effect.sync(checking.end)),
  )
  const { url, log } = yield* logToFill({ ...place, dataDirectory: resolve(place.dataDirectory) })
  const imports = yield* Effect.acquireRelease(
    attempt(() => openImports(url)),
    (opened) => Effect.promise(() => opened.close()),
  )
  const progress = showProgress("importing")
  yield* attempt((signal) =>
    importArchive({
      log,
      imports,
      path: file,
      manifest,
      signal,
      onProgress: (done) => progress.update(done, manifest.records),
    }),
  ).pipe(Effect.ensuring(Effect.sync(progress.end)))
  const { records: commits, facts, subjects } = manifest
  print(
    json
      ? `${JSON.stringify({ file, commits, facts, subjects })}\n`
      : `${file}: ${commits} commits with ${facts} facts of ${subjects} subjects are in the log\n`,
  )
}, Effect.scoped)

const attempt = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, CommandFailed> =>
  Effect.tryPromise({ try: run, catch: failedWith })
