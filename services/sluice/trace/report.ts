import { Effect, Schema } from "effect"
import { CommandFailed } from "../failure.ts"
import { askProjector, type ProjectorLocation } from "../query/source.ts"
import type { UpstreamFigures } from "./simulated-upstreams.ts"

/** What became of a played trace. Units: milliseconds, tokens, USD. */
export interface TraceReport {
  readonly requests: number
  /** Answered with 200, to the end. */
  readonly completed: number
  readonly statuses: Readonly<Record<string, number>>
  readonly codes: Readonly<Record<string, number>>
  /** How many attempts the providers refused with 429. */
  readonly upstream429: number
  /** The most attempts that the providers saw at once, beside the limit (`null` = unlimited). Source: A2. */
  readonly upstreamPeak: number
  readonly limit: number | null
  readonly waitMs: { readonly p50: number; readonly p95: number; readonly p99: number }
  readonly tokens: { readonly input: number; readonly output: number }
  readonly costUsd: number
  readonly lagFacts: number
}

const orZero = Schema.NullOr(Schema.Finite)
const counts = Schema.Record(Schema.String, Schema.Finite)

const decodeRow = Schema.decodeUnknownEffect(
  Schema.Struct({
    requests: Schema.Finite,
    completed: Schema.Finite,
    statuses: counts,
    codes: counts,
    upstream429: Schema.Finite,
    waitP50Ms: orZero,
    waitP95Ms: orZero,
    waitP99Ms: orZero,
    inputTokens: orZero,
    outputTokens: orZero,
    costUsd: orZero,
  }),
)

const decodeLag = Schema.decodeUnknownSync(Schema.Struct({ lagFacts: Schema.Finite }))

/** Reads from the tables, when they hold everything that is in the log, what became of the requests of a span of time. Fails: with one line. */
export const readReport = Effect.fnUntraced(function* (
  projector: ProjectorLocation,
  run: { readonly fromMs: number; readonly toMs: number; readonly figures: UpstreamFigures },
): Effect.fn.Return<TraceReport, CommandFailed> {
  const [answer] = yield* askProjector(projector).rows("trace", {
    from: String(run.fromMs),
    to: String(run.toMs),
    wait: "head",
  })
  const row = yield* Effect.mapError(decodeRow(answer), unreadable)
  const { lagFacts } = yield* Effect.tryPromise({
    try: async () => {
      const headers = { authorization: `Bearer ${projector.key}` }
      return decodeLag(await (await fetch(`${projector.url}/lag`, { headers })).json())
    },
    catch: unreadable,
  })
  return {
    requests: row.requests,
    completed: row.completed,
    statuses: row.statuses,
    codes: row.codes,
    upstream429: row.upstream429,
    upstreamPeak: run.figures.peak,
    limit: run.figures.limit,
    waitMs: { p50: row.waitP50Ms ?? 0, p95: row.waitP95Ms ?? 0, p99: row.waitP99Ms ?? 0 },
    tokens: { input: row.inputTokens ?? 0, output: row.outputTokens ?? 0 },
    costUsd: row.costUsd ?? 0,
    lagFacts,
  }
})

const unreadable = (error: unknown): CommandFailed =>
  new CommandFailed({ message: `the projector gave no report: ${String(error)}` })
