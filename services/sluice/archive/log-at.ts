import { existsSync } from "node:fs"
import { join } from "node:path"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream-log.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { Effect, type Scope } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { runningOn } from "../running.ts"
import { holdDataDirectory } from "../up/preconditions.ts"

/** Where a log is. */
export interface LogPlace {
  readonly dataDirectory: string
  /** Absent: the log of the data directory. */
  readonly natsUrl: string | undefined
}

/** A log that is open until the scope closes. */
export interface LogAt {
  readonly url: string
  readonly log: EventLog
}

/** An import has many commits under way at once: their acknowledgements may take longer than that of a request. */
const appendTimeoutMs = 30_000

/** Opens a log to read it: of the product that runs, or of a data directory on which nothing runs. Fails: with one line. */
export const logToRead = ({
  dataDirectory,
  natsUrl,
}: LogPlace): Effect.Effect<LogAt, CommandFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const run = runningOn(dataDirectory)
    if (natsUrl !== undefined || run !== undefined) {
      const url = natsUrl ?? run?.nats?.url
      if (url !== undefined) return yield* logAt(url)
      return yield* new CommandFailed({ message: "the log is being started again: try again in a moment" })
    }
    if (!existsSync(join(dataDirectory, "nats")))
      return yield* new CommandFailed({
        message: `there is no log in ${dataDirectory} yet: say with --data where it is, or with NATS_URL which server keeps it`,
      })
    return yield* logOf(dataDirectory)
  })

/** Opens a log that nobody works on, to fill it. Fails: with one line, where something runs on the data directory too. */
export const logToFill = ({
  dataDirectory,
  natsUrl,
}: LogPlace): Effect.Effect<LogAt, CommandFailed, Scope.Scope> =>
  natsUrl === undefined ? logOf(dataDirectory) : logAt(natsUrl)

const logOf = Effect.fnUntraced(function* (dataDirectory: string) {
  yield* holdDataDirectory(dataDirectory)
  const server = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => startNatsServer({ dataDir: join(dataDirectory, "nats"), port: 0 }),
      catch: failedWith,
    }),
    (started) => Effect.promise(() => started.stop()),
  )
  return yield* logAt(server.url)
})

const logAt = Effect.fnUntraced(function* (url: string) {
  const log = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => openJetStreamLog({ url, name: "sluice archive", appendTimeoutMs }),
      catch: failedWith,
    }),
    (opened) => Effect.promise(() => opened.close()),
  )
  return { url, log }
})
