import type { Protocol } from "@sluice/events/field.ts"
import { print, printError } from "@sluice/infra/terminal/print.ts"
import { Effect } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { accessTo, requireRunning } from "../running.ts"
import { formatReport } from "./format-report.ts"
import { play } from "./play.ts"
import { showProgress } from "./progress.ts"
import { readTrace } from "./read-trace.ts"
import { readReport } from "./report.ts"
import { simulatedUpstreams } from "./simulated-upstreams.ts"

/** How a trace is played and reported. */
export interface TraceOptions {
  readonly file: string
  readonly speed: number
  readonly limit: number | undefined
  readonly model: string
  readonly protocol: Protocol
  readonly streaming: number
  /** Absent: the proxy that runs on the data directory. */
  readonly url: string | undefined
  readonly json: boolean
  readonly dataDirectory: string
}

/** A request that is due later would be sent at once: its pause is longer than a timer. */
const longestTraceMs = 7 * 86_400_000

/** Plays a recorded trace through the running proxy and prints what the tables hold of it. Fails: with one line. */
export const trace = Effect.fnUntraced(function* (options: TraceOptions) {
  const requests = yield* attempt(() => readTrace(options.file, options.limit))
  const tookMs = (requests.at(-1)?.offsetMs ?? 0) / options.speed
  if (tookMs > longestTraceMs)
    return yield* new CommandFailed({
      message: `at this --speed the trace would take more than ${longestTraceMs / 86_400_000} days: choose a higher one`,
    })
  const run = yield* requireRunning(options.dataDirectory)
  const url = options.url ?? run.ingress?.url
  if (url === undefined || run.projector === null)
    return yield* new CommandFailed({ message: "a part of it is being started again: try again in a moment" })
  const upstreams = yield* attempt(() =>
    simulatedUpstreams({
      configuration: run.configuration,
      protocol: options.protocol,
      model: options.model,
    }),
  )
  yield* attempt(() => upstreams.reset())
  const fromMs = Date.now()
  const progress = showProgress(requests, options)
  const tally = yield* attempt((signal) =>
    play(requests, { ...options, url, signal, onProgress: progress.update }),
  ).pipe(Effect.ensuring(Effect.sync(progress.end)))
  const toMs = Date.now()
  const figures = yield* attempt(() => upstreams.figures())
  const key = (yield* accessTo(options.dataDirectory)).queries
  const report = yield* readReport({ url: run.projector.url, key }, { fromMs, toMs, figures })
  print(
    options.json
      ? `${JSON.stringify(report)}\n`
      : formatReport(report, { ...options, tookMs: toMs - fromMs }),
  )
  const others = report.requests - tally.sent
  if (others > 0) note(`${others} requests of others came in meanwhile and are counted too`)
  if (tally.failed > 0) note(`${tally.failed} of ${tally.sent} requests had no answer, or one that was cut`)
})

const attempt = <A>(run: (signal: AbortSignal) => Promise<A>): Effect.Effect<A, CommandFailed> =>
  Effect.tryPromise({ try: run, catch: failedWith })

const note = (line: string): void => void printError(`sluice: ${line}\n`)
