import { existsSync } from "node:fs"
import { join } from "node:path"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import {
  type JetStreamLogOptions,
  openJetStreamLog,
} from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { openRepairedLog } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { openAccess } from "@sluice/infra/identity/access.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { urlAs } from "@sluice/infra/nats-server/users.ts"
import { Effect, type Scope } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { logUrlOf, runningOn } from "../running.ts"
import { holdDataDirectory } from "../up/preconditions.ts"

/** Where a log is. */
export interface LogLocation {
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

/** Opens a log to read what its repairs make of it: of the product that runs, or of a data directory on which nothing runs. Fails: with one line. Source: L11. */
export const logToRead = (place: LogLocation): Effect.Effect<LogAt, CommandFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const { url, log } = yield* logToCopy(place)
    return {
      url,
      log: yield* Effect.tryPromise({ try: () => openRepairedLog(log), catch: failedWith }),
    }
  })

/** Opens a log to read it as it is stored. Fails: with one line. */
export const logToCopy = ({
  dataDirectory,
  natsUrl,
}: LogLocation): Effect.Effect<LogAt, CommandFailed, Scope.Scope> =>
  Effect.gen(function* () {
    if (natsUrl !== undefined) return yield* logAt(natsUrl, readOnly)
    if ((yield* runningOn(dataDirectory)) !== undefined)
      return yield* logAt(yield* logUrlOf(dataDirectory, "reader"), readOnly)
    if (!existsSync(join(dataDirectory, "nats")))
      return yield* new CommandFailed({
        message: `there is no log in ${dataDirectory} yet: say with --data where it is, or with NATS_URL which server keeps it`,
      })
    return yield* logOf(dataDirectory, "reader")
  })

/** Opens a log that nobody works on, to fill it. Fails: with one line, where something runs on the data directory too. */
export const logToFill = ({
  dataDirectory,
  natsUrl,
}: LogLocation): Effect.Effect<LogAt, CommandFailed, Scope.Scope> =>
  natsUrl === undefined ? logOf(dataDirectory, "owner") : logAt(natsUrl)

const readOnly = { leavesAsFound: true }

const logOf = Effect.fnUntraced(function* (dataDirectory: string, user: "reader" | "owner") {
  yield* holdDataDirectory(dataDirectory)
  const passwords = openAccess(dataDirectory).nats
  const server = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => startNatsServer({ dataDir: join(dataDirectory, "nats"), port: 0, passwords }),
      catch: failedWith,
    }),
    (started) => Effect.promise(() => started.stop()),
  )
  return yield* logAt(urlAs(server.url, user, passwords), user === "reader" ? readOnly : {})
})

const logAt = Effect.fnUntraced(function* (
  url: string,
  how: Pick<JetStreamLogOptions, "leavesAsFound"> = {},
) {
  const log = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => openJetStreamLog({ ...how, url, name: "sluice archive", appendTimeoutMs }),
      catch: failedWith,
    }),
    (opened) => Effect.promise(() => opened.close()),
  )
  return { url, log }
})
