import { type DestinationStream, destination, type Level, type Logger, pino } from "pino"
import pretty from "pino-pretty"

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

/**
 * Makes the logger of a process or a part of one: readable lines on a terminal, JSON everywhere else, both on stderr.
 *
 * What stands under the name of a secret, up to three levels deep, is left out. Without a level it is that of `SLUICE_LOG_LEVEL`.
 * Source: S8.
 */
export const createLogger = (options: {
  readonly name: string
  readonly level?: Level
  readonly stream?: DestinationStream
}): Logger =>
  pino(
    {
      name: options.name,
      level: options.level ?? process.env["SLUICE_LOG_LEVEL"] ?? "info",
      redact: { paths: secretPaths, censor: "[redacted]" },
    },
    options.stream ?? terminalOrJson(),
  )

// In this thread and at once: a line about the end of a process is of use only if it is written before that end.
const terminalOrJson = (): DestinationStream =>
  process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss.l" })
    : destination({ dest: 2, sync: true })
