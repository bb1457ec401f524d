import { isStillRunning } from "@sluice/infra/process/process-identity.ts"
import { Effect } from "effect"
import { CommandFailed } from "./failure.ts"
import { readRunFile, type RunFile } from "./run-file.ts"

/** Gives what runs on a data directory now; `undefined` where nothing does. */
export const runningOn = (dataDirectory: string): RunFile | undefined => {
  const run = readRunFile(dataDirectory)
  return run !== undefined && isStillRunning(run) ? run : undefined
}

/** Gives what runs on a data directory. Fails: with a line that says how to start it. */
export const requireRunning = (dataDirectory: string): Effect.Effect<RunFile, CommandFailed> =>
  Effect.suspend(() => {
    const run = runningOn(dataDirectory)
    return run === undefined
      ? Effect.fail(
          new CommandFailed({
            message: `nothing runs on the data directory ${dataDirectory}: start it with npm start, or say with --data where it is`,
          }),
        )
      : Effect.succeed(run)
  })
