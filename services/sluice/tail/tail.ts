import { once } from "node:events"
import { type Commit, decodeCommit, type Fact } from "@sluice/events/commit.ts"
import { idOf, kindOf } from "@sluice/events/identifier.ts"
import { inWallTime } from "@sluice/events/wall-time.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { openRepairedLog } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { print, printError } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect } from "effect"
import { failedWith } from "../failure.ts"
import { endQuietlyOnClosedPipe } from "../pipe.ts"
import { logUrlOf } from "../running.ts"
import { factLine } from "./fact-line.ts"

/** What is shown. Empty lists mean: all. */
export interface TailOptions {
  readonly actors: ReadonlyArray<string>
  readonly types: ReadonlyArray<string>
  /** Absent: from now on. */
  readonly fromMs: number | undefined
  readonly json: boolean
  readonly dataDirectory: string
  readonly natsUrl: string | undefined
}

/** Writes facts to stdout as they happen, until it is interrupted. Fails: with one line where the log cannot be reached. Source: R5. */
export const tail = Effect.fnUntraced(function* (options: TailOptions) {
  const url = options.natsUrl ?? (yield* logUrlOf(options.dataDirectory, "reader"))
  const log = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => openJetStreamLog({ url, name: "sluice tail", leavesAsFound: true }),
      catch: failedWith,
    }),
    (opened) => Effect.promise(() => opened.close()),
  ).pipe(
    Effect.flatMap((opened) => Effect.tryPromise({ try: () => openRepairedLog(opened), catch: failedWith })),
  )
  endQuietlyOnClosedPipe()
  yield* Effect.tryPromise({
    try: async (signal) => {
      const afterSequence = options.fromMs === undefined ? await log.head() : 0
      for await (const message of log.follow({ afterSequence, signal })) {
        const lines = linesOf(message, options)
        if (lines !== "" && !print(lines)) await once(process.stdout, "drain")
      }
    },
    catch: failedWith,
  })
}, Effect.scoped)

const linesOf = (message: StoredMessage, options: TailOptions): string => {
  const commit = readable(message)
  if (commit === undefined) return ""
  return commit.facts
    .filter((fact) => isWanted(fact, options))
    .map((fact) =>
      options.json
        ? `${JSON.stringify({ ...fact, version: commit.version, sequence: message.sequence })}\n`
        : `${factLine(fact, { colours: process.stdout.hasColors() })}\n`,
    )
    .join("")
}

/** One that cannot be read is told, and what comes after it is shown. */
const readable = ({ id, subject, sequence, body }: StoredMessage): Commit | undefined => {
  try {
    return inWallTime(decodeCommit(body))
  } catch {
    printError(`sluice: commit ${visible(id)} of ${visible(subject)} (sequence ${sequence}) cannot be read\n`)
    return undefined
  }
}

/** True if a fact is one of those that were asked for. */
export const isWanted = (
  fact: Fact,
  { actors, types, fromMs = 0 }: Pick<TailOptions, "actors" | "types" | "fromMs">,
): boolean =>
  fact.at >= fromMs &&
  (actors.length === 0 ||
    actors.some((name) => name === fact.actor || name === kindOf(fact.actor) || name === idOf(fact.actor))) &&
  (types.length === 0 || types.some((type) => fact.type === type || fact.type.endsWith(`.${type}`)))
