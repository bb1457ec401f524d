import { existsSync } from "node:fs"
import { join } from "node:path"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { Effect, type Scope } from "effect"
import { type CommandFailed, failedWith } from "../failure.ts"
import { requireRunning, runningOn } from "../running.ts"

/** Where a log is. */
export interface LogPlace {
  readonly dataDirectory: string
  readonly natsUrl: string | undefined
}

/** A log that can be read, and where others find it. */
export interface LogSource {
  readonly log: EventLog
  readonly url: string
  /** Whether it is only up for this command, so that no ingress writes to it. */
  readonly isAtRest: boolean
}

/**
 * Opens the log of a data directory: that of what runs on it, or where nothing does, a server that is only up for this command.
 *
 * Fails: with one line where there is none.
 */
export const openLog = Effect.fnUntraced(function* ({
  dataDirectory,
  natsUrl,
}: LogPlace): Effect.fn.Return<LogSource, CommandFailed, Scope.Scope> {
  const isAtRest = natsUrl === undefined && isLeftAt(dataDirectory)
  const url =
    natsUrl ??
    (isAtRest ? yield* serveFrom(dataDirectory) : ((yield* requireRunning(dataDirectory)).nats?.url ?? ""))
  const { openJetStreamLog } = yield* Effect.promise(() => import("@sluice/infra/event-log/jetstream-log.ts"))
  const log = yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => openJetStreamLog({ url, name: "sluice replay" }), catch: failedWith }),
    (opened) => Effect.promise(() => opened.close()),
  )
  return { log, url, isAtRest }
})

const natsIn = (dataDirectory: string): string => join(dataDirectory, "nats")

const isLeftAt = (dataDirectory: string): boolean =>
  runningOn(dataDirectory) === undefined && existsSync(natsIn(dataDirectory))

/** Starts the server of a data directory on which nothing runs, and keeps others from it meanwhile. */
const serveFrom = Effect.fnUntraced(function* (dataDirectory: string) {
  const [{ holdDataDirectory }, { startNatsServer }] = yield* Effect.promise(() =>
    Promise.all([import("../up/preconditions.ts"), import("@sluice/infra/nats-server/nats-server.ts")]),
  )
  yield* holdDataDirectory(dataDirectory)
  const { url } = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => startNatsServer({ dataDir: natsIn(dataDirectory), port: 0 }),
      catch: failedWith,
    }),
    (server) => Effect.promise(() => server.stop()),
  )
  return url
})
