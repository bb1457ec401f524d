import { Clock, Effect, Result, type Scope } from "effect"
import type { Part, PartFailed, RunningPart } from "./part.ts"

/** What the supervisor tells of a part. */
export interface PartListener<Info> {
  readonly onReady: (running: RunningPart<Info>) => void
  /** It ended or did not start, and will be tried again. */
  readonly onLost: (lost: {
    readonly part: string
    readonly reason: string
    readonly againInMs: number
  }) => void
}

const firstPauseMs = 200
const longestPauseMs = 5_000
/** A part that ran so long is taken for well again. */
const provenMs = 30_000

/**
 * Starts a part, gives it when it is ready, and keeps it running until the scope closes, which stops it: one that ends, or is broken and therefore ended, is started again after 0.2 s, doubling to 5 s.
 *
 * Fails: with `PartFailed` when the first start fails; a later one is tried again for ever.
 * Source: S2.
 */
export const supervise = Effect.fnUntraced(function* <Info>(
  part: Part<Info>,
  listener: PartListener<Info>,
): Effect.fn.Return<RunningPart<Info>, PartFailed, Scope.Scope> {
  let current: RunningPart<Info> | undefined
  // Added before the loop is forked, so that it runs when the loop has ended.
  yield* Effect.addFinalizer(() => current?.stop ?? Effect.void)
  const start = Effect.uninterruptibleMask((restore) =>
    Effect.map(restore(part.start), (running) => {
      current = running
      listener.onReady(running)
      return running
    }),
  )
  const first = yield* start
  yield* Effect.forkScoped(
    keepRunning(first, part, start, (lost) => {
      current = undefined
      listener.onLost(lost)
    }),
  )
  return first
})

/** Waits until a part has ended, or ends it because it is broken; says why. */
const lost = Effect.fnUntraced(function* ({ ended, broken }: RunningPart<unknown>): Effect.fn.Return<string> {
  const found = yield* Effect.raceFirst(ended, broken)
  if (typeof found === "string") return found
  yield* found.end
  return found.reason
})

const keepRunning = Effect.fnUntraced(function* <Info>(
  first: RunningPart<Info>,
  { name }: Part<Info>,
  start: Effect.Effect<RunningPart<Info>, PartFailed>,
  onLost: PartListener<Info>["onLost"],
): Effect.fn.Return<never> {
  let running: RunningPart<Info> | undefined = first
  let pauseMs = firstPauseMs
  let reason = ""
  for (;;) {
    if (running !== undefined) {
      const readyAt: number = yield* Clock.currentTimeMillis
      reason = yield* lost(running)
      if ((yield* Clock.currentTimeMillis) - readyAt >= provenMs) pauseMs = firstPauseMs
    }
    onLost({ part: name, reason, againInMs: pauseMs })
    yield* Effect.sleep(pauseMs)
    pauseMs = Math.min(2 * pauseMs, longestPauseMs)
    const started: Result.Result<RunningPart<Info>, PartFailed> = yield* Effect.result(start)
    running = Result.isSuccess(started) ? started.success : undefined
    if (Result.isFailure(started)) reason = started.failure.reason
  }
})
