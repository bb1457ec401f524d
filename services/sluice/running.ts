import { type Access, readAccess } from "@sluice/infra/identity/access.ts"
import { type NatsUser, urlAs } from "@sluice/infra/nats-server/users.ts"
import { isStillRunning } from "@sluice/infra/process/process-identity.ts"
import { Effect, Predicate } from "effect"
import { CommandFailed } from "./failure.ts"
import { readRunFile, type RunFile } from "./run-file.ts"

/** Returns what runs on a data directory now; `undefined` where nothing does. Fails: with a line where the directory is another user's. */
export const runningOn = (dataDirectory: string): Effect.Effect<RunFile | undefined, CommandFailed> =>
  Effect.map(reading(dataDirectory, readRunFile), (run) =>
    run !== undefined && isStillRunning(run) ? run : undefined,
  )

/** Returns what runs on a data directory. Fails: with a line that says how to start it, or that it is another user's. */
export const requireRunning = Effect.fnUntraced(function* (
  dataDirectory: string,
): Effect.fn.Return<RunFile, CommandFailed> {
  const run = yield* runningOn(dataDirectory)
  if (run !== undefined) return run
  return yield* new CommandFailed({
    message: `nothing runs on the data directory ${dataDirectory}: start it with npm start, or say with --data where it is`,
  })
})

/** Returns the URL under which a user reaches the log that runs on a data directory, with its password where the log is embedded. Fails: with one line. */
export const logUrlOf = Effect.fnUntraced(function* (
  dataDirectory: string,
  user: NatsUser,
): Effect.fn.Return<string, CommandFailed> {
  const { nats } = yield* requireRunning(dataDirectory)
  if (nats === null)
    return yield* new CommandFailed({ message: "the log is being started again: try again in a moment" })
  if (nats.process === null) return nats.url
  return urlAs(nats.url, user, (yield* accessTo(dataDirectory)).nats)
})

/** Returns what lets this user in at what runs on a data directory. Fails: with a line where the directory is another user's. */
export const accessTo = Effect.fnUntraced(function* (
  dataDirectory: string,
): Effect.fn.Return<Access, CommandFailed> {
  const access = yield* reading(dataDirectory, readAccess)
  if (access !== undefined) return access
  return yield* new CommandFailed({
    message: `the file access.json of the data directory ${dataDirectory} is gone or damaged: start what runs on it again`,
  })
})

const reading = <A>(dataDirectory: string, read: (directory: string) => A): Effect.Effect<A, CommandFailed> =>
  Effect.try({
    try: () => read(dataDirectory),
    catch: (error) => {
      const code = Predicate.hasProperty(error, "code") ? error.code : undefined
      if (code !== "EACCES" && code !== "EPERM") throw error
      return new CommandFailed({
        message: `the data directory ${dataDirectory} is another user's: only who started Sluice on it may look at it or operate it`,
      })
    },
  })
