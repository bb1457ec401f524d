import { type DestinationStream, destination, type Level, type Logger, pino } from "pino"
import pretty from "pino-pretty"
import { visible, visibleOutput } from "../terminal/visible-text.ts"

export type { Logger } from "pino"

const secretNames = [
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "x-goog-api-key",
  "credential",
  "key",
  "secret",
]

const secretPaths = ["", "*.", "*.*."].flatMap((prefix) =>
  secretNames.map((name) =>
    name.includes("-") ? `${prefix.replace(/\.$/u, "")}["${name}"]` : prefix + name,
  ),
)

/** What looks like a credential wherever it stands in a line, and how much of it stays. */
const secretTexts: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, "$1 [redacted]"],
  [/([?&](?:key|api_key|access_token)=)[^&\s"'\\]+/gi, "$1[redacted]"],
  [/\b(?:sk-[\w-]{16,}|AIza[\w-]{30,}|ya29\.[\w-]{20,})/g, "[redacted]"],
]

const withoutSecrets = (line: string): string =>
  secretTexts.reduce((text, [secret, rest]) => text.replaceAll(secret, rest), line)

/** A line as a program reads it: JSON that a terminal shows too without obeying it. */
const forPrograms = (line: string): string => visibleOutput(withoutSecrets(line))

/** A line as it is made readable, which undoes the escapes of JSON: only the lines of a stack stay lines. */
const forPeople = (line: string): string =>
  `${JSON.stringify(JSON.parse(withoutSecrets(line)), (name, value: unknown) => {
    if (typeof value !== "string") return value
    return name === "stack" ? value.split("\n").map(visible).join("\n") : visible(value)
  })}\n`

/**
 * Makes the logger of a process or a part of one: readable lines on a terminal, JSON everywhere else, both on stderr.
 *
 * What stands under the name of a secret, up to three levels deep, is left out, and what looks like a credential in any text; control characters and what else a terminal would obey are written as escapes. Without a level it is that of `SLUICE_LOG_LEVEL`.
 * Source: S8.
 */
export const createLogger = (options: {
  readonly name: string
  readonly level?: Level
  readonly stream?: DestinationStream
  /** True if the lines are for people; without it, where stderr is a terminal and no stream is given. */
  readonly isReadable?: boolean
}): Logger => {
  const isReadable = options.isReadable ?? (options.stream === undefined && process.stderr.isTTY)
  return pino(
    {
      name: options.name,
      level: options.level ?? process.env["SLUICE_LOG_LEVEL"] ?? "info",
      redact: { paths: secretPaths, censor: "[redacted]" },
      hooks: { streamWrite: isReadable ? forPeople : forPrograms },
    },
    isReadable ? readable(options.stream) : (options.stream ?? destination({ dest: 2, sync: true })),
  )
}

// In this thread and at once: a line about the end of a process is of use only if it is written before that end.
const readable = (stream: DestinationStream | undefined): DestinationStream =>
  pretty({
    destination: stream ?? 2,
    sync: true,
    ignore: "pid,hostname",
    translateTime: "HH:MM:ss.l",
  })
