import { openArchive } from "@sluice/infra/archive/archive-file.ts"
import { type ArchiveState, emptyArchive } from "@sluice/infra/archive/read-archive.ts"
import { writeArchive } from "@sluice/infra/archive/write-archive.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { endQuietlyOnClosedPipe } from "../pipe.ts"
import { type LogLocation, logToCopy } from "./log-at.ts"
import { showProgress } from "./progress.ts"

/** What is exported, and whereto. */
export interface ExportOptions extends LogLocation {
  /** Absent: to stdout. */
  readonly out: string | undefined
  /** Absent: from the beginning. */
  readonly fromMs: number | undefined
  readonly json: boolean
}

/** Writes the log to a file, or goes on with one that an interrupted export has left. Fails: with one line. */
export const exportLog = Effect.fnUntraced(function* (options: ExportOptions) {
  const { out } = options
  if (out === undefined && process.stdout.isTTY)
    return yield* new CommandFailed({ message: "an export is not for a terminal: say where with --out FILE" })
  if (out === undefined) endQuietlyOnClosedPipe()
  const { log } = yield* logToCopy(options)
  const wanted = options.fromMs ?? null
  const {
    begun: after,
    fromMs,
    write,
  } = out === undefined ? { ...stdout, fromMs: wanted } : yield* fileAt(out, wanted)
  const progress = showProgress("exporting")
  const state = yield* Effect.tryPromise({
    try: (signal) =>
      writeArchive({
        log,
        write,
        after,
        fromMs,
        signal,
        onProgress: ({ lastSequence }, head) => progress.update(lastSequence, head),
      }),
    catch: failedWith,
  }).pipe(Effect.ensuring(Effect.sync(progress.end)))
  if (out !== undefined) tell(out, { state, after, json: options.json })
}, Effect.scoped)

const tell = (
  out: string,
  {
    state,
    after,
    json,
  }: { readonly state: ArchiveState; readonly after: ArchiveState; readonly json: boolean },
): void => {
  const { records: commits, facts, sha256 } = state
  if (json) {
    print(`${JSON.stringify({ file: out, commits, facts, sha256 })}\n`)
    return
  }
  const goneOn = after.records > 0 ? ` (${after.records} of them were there already)` : ""
  print(`${visible(out)}: ${commits} commits${goneOn} with ${facts} facts\n`)
}

const fileAt = (out: string, fromMs: number | null) =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => openArchive(out, fromMs), catch: failedWith }),
    (file) => Effect.promise(() => file[Symbol.asyncDispose]()),
  )

const stdout = {
  begun: emptyArchive,
  write: (bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
    }),
}
