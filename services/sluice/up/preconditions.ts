import { type ConfigurationFile, Settings } from "@sluice/events/configuration/configuration.ts"
import { bindingProblem } from "@sluice/infra/configuration/binding.ts"
import { readConfiguration } from "@sluice/infra/configuration/configuration.ts"
import { DirectoryInUse, lockDirectory } from "@sluice/infra/directory-lock/directory-lock.ts"
import { writePrivately } from "@sluice/infra/directory-lock/private-directory.ts"
import { requireSpace, UnusableDirectory } from "@sluice/infra/directory-lock/unusable-directory.ts"
import { Effect, Schema, type Scope } from "effect"
import { CommandFailed } from "../failure.ts"
import { readRunFile } from "../run-file.ts"

/** Takes the data directory until the scope closes. Fails: with a line that names who holds it. Source: S2. */
export const holdDataDirectory = (directory: string): Effect.Effect<Disposable, CommandFailed, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        writePrivately()
        return lockDirectory(directory)
      },
      catch: (error) => new CommandFailed({ message: refusal(directory, error) }),
    }),
    (lock) => Effect.sync(() => lock[Symbol.dispose]()),
  )

/** With less the log takes the first commits and no more. */
const neededBytes = 16 * 1024 * 1024

/** Fails with one line where the disk of the data directory is all but full. Source: S2. */
export const requireRoom = (directory: string): Effect.Effect<void, CommandFailed> =>
  Effect.try({
    try: () => requireSpace(directory, neededBytes),
    catch: (error) => new CommandFailed({ message: refusal(directory, error) }),
  })

const refusal = (directory: string, error: unknown): string => {
  if (error instanceof DirectoryInUse) {
    const url = readRunFile(directory)?.ingress?.url
    const by = error.holder === undefined ? "another process" : `process ${error.holder}`
    return `the data directory ${directory} is in use by ${by}${url === undefined ? "" : `, which serves ${url}`}: stop it, or choose another with --data`
  }
  if (error instanceof UnusableDirectory)
    return `the data directory ${directory} cannot be used: ${error.reason}: mend that, or choose another with --data`
  throw error
}

/** What a start has to know of a configuration. */
interface Understood {
  readonly settings: Settings
  readonly clients: ConfigurationFile["clients"]
}

/** Returns what a valid configuration file says, or the defaults where there is no file. Fails: with a line for each problem. */
export const readUnderstood = (file: string | undefined): Effect.Effect<Understood, CommandFailed> =>
  file === undefined
    ? Effect.succeed({ settings: Schema.decodeUnknownSync(Settings)({}), clients: [] })
    : readConfiguration(file).pipe(
        Effect.map(({ wanted }) => wanted),
        Effect.mapError(({ message }) => new CommandFailed({ message })),
      )

/** Fails with one line where nobody should listen at an address: beyond this machine, while anyone may call. Source: S9. */
export const requireKeysBeyondLoopback = (
  host: string,
  { clients }: Understood,
): Effect.Effect<void, CommandFailed> => {
  const message = bindingProblem(host, clients)
  return message === undefined ? Effect.void : Effect.fail(new CommandFailed({ message }))
}
