import { errorText } from "@sluice/infra/process/error-text.ts"
import { Effect, Option, Schema } from "effect"
import { Flag } from "effect/cli"
import { CommandFailed } from "./failure.ts"
import { parseWhen, whenForms } from "./when.ts"

/** Where everything that is stored stands. */
export const dataFlag = Flag.String("data").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Directory that holds the log and the tables (default: ./data)"),
  Flag.withDefault("data"),
)

/** True if a program reads the output. */
export const jsonFlag = Flag.Boolean("json").pipe(
  Flag.withDescription("Print JSON for programs (default: for people)"),
  Flag.withDefault(false),
  Flag.withoutNegation,
)

/** An instant, in any of the forms that a time is given in. Units: milliseconds since the epoch. */
export const instantFlag = (name: string, about: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("TIME"),
    Flag.withDescription(`${about}: ${whenForms}`),
    Flag.mapTryCatch(
      (text) => parseWhen(text, Date.now()),
      (error) => errorText(error),
    ),
    Flag.optional,
  )

/** The address of a NATS server that runs elsewhere. Source: S3. */
export const natsFlag = Flag.String("nats").pipe(
  Flag.withMetavar("URL"),
  Flag.withDescription(
    "NATS server, such as nats://host:4222 (default: the variable NATS_URL, where a password belongs)",
  ),
  Flag.optional,
)

/** Returns the URL that a flag says, else that of an environment variable; empty text counts as nothing. Fails: with one line where the flag holds a password. */
export const urlOr = (
  given: Option.Option<string>,
  { flag, variable }: { readonly flag: string; readonly variable: string },
): Effect.Effect<string | undefined, CommandFailed> => {
  const url = Option.getOrUndefined(given) || process.env[variable] || undefined
  if (Option.isNone(given) || !/[^/]@/u.test(given.value)) return Effect.succeed(url)
  const message = `every user of this machine can read a password in --${flag}: leave the flag out and set ${variable}`
  return Effect.fail(new CommandFailed({ message }))
}

/** The log that an operator says to go on with, by the name that the projector tells. Source: P5. */
export const adoptLogFlag = Flag.String("adopt-log").pipe(
  Flag.withMetavar("LOG"),
  Flag.withDescription(
    "Go on with this log for good, by the name that the projector tells: the tables of other logs, which it keeps aside, are dropped (default: they are kept, and come back with their log)",
  ),
  Flag.optional,
)

/** The severity from which lines are logged. */
export const logLevelFlag = Flag.Literals("log-level", ["debug", "info", "warn", "error"]).pipe(
  Flag.withDescription("Log lines of this level and above (default: info)"),
  Flag.withDefault("info"),
)

/** Sets the log level of this process and of those that it starts. */
export const setLogLevel = (level: string): Effect.Effect<void> =>
  Effect.sync(() => {
    process.env["SLUICE_LOG_LEVEL"] = level
  })

/** Marks a command that runs until a signal ends it: that is its good end. */
export const endsBySignal: Effect.Effect<void> = Effect.sync(() => {
  process.exitCode = 0
})

const Port = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))

/** A TCP port; `serves` says what answers there. */
export const portFlag = (serves: string, port: number) =>
  Flag.Int("port").pipe(
    Flag.withSchema(Port),
    Flag.withDescription(`TCP port ${serves}; 0 lets the system choose (default: ${port})`),
    Flag.withDefault(port),
  )

/** Where the proxy listens. Source: S9. */
export const hostFlag = Flag.String("host").pipe(
  Flag.withMetavar("ADDRESS"),
  Flag.withDescription(
    "Address to listen on; other than loopback needs clients with keys (default: 127.0.0.1)",
  ),
  Flag.withDefault("127.0.0.1"),
)
