import { type Clock, systemClock } from "@sluice/infra/clock/clock.ts"
import { blockLimit, projectMessage, type BlockLimit } from "./block.ts"
import { type BlockPace, createCollector } from "./collector.ts"
import { createLagMeter, type LagMeter } from "./lag.ts"
import { recover, type RecoveryParts } from "./recovery.ts"
import { createTablesWriter } from "./tables-writer.ts"

/** How a projection runs. */
export interface ProjectionOptions extends RecoveryParts {
  /** Default: 20 000 facts. Source: P2. */
  readonly limit?: BlockLimit
  /** Default: 250 ms, and 1 s where the log is busy. Source: P2. */
  readonly pace?: BlockPace
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** The tables following the log. */
export interface Projection {
  readonly meter: LagMeter
  /** Whether the last try to go on succeeded. */
  isFollowing(): boolean
  /** Writes what was read, and ends. */
  stop(): Promise<void>
}

/** After so many messages whatever else is to be done has its turn: questions, and the inserts of the last block. */
const messagesPerTurn = 16
/** Seen within a quarter of a second while little happens; above 2 000 facts a second, a second at the most. */
const blockPace: BlockPace = { quietWaitMs: 250, busyWaitMs: 1_000, busyFacts: 500 }
const firstRetryMs = 200
const longestRetryMs = 5_000

/**
 * Makes the tables follow the log, for ever.
 *
 * Whatever fails is logged and tried again from the last claimed block, after 0.2 s doubling to 5 s.
 * Source: P1–P3.
 */
export const startProjection = (options: ProjectionOptions): Projection => {
  const { clock = systemClock } = options
  const meter = createLagMeter()
  const stopping = new AbortController()
  let isFollowing = false
  let retryMs = firstRetryMs
  const started = (): void => {
    isFollowing = true
    retryMs = firstRetryMs
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await followOnce(options, { meter, started, stopped: stopping.signal })
      } catch (error) {
        isFollowing = false
        options.logger.error({ err: error, retryMs }, "projection interrupted")
        await waitFor(clock, retryMs, stopping.signal)
        retryMs = Math.min(longestRetryMs, retryMs * 2)
      }
    }
  }
  const running = run()
  return {
    meter,
    isFollowing: () => isFollowing,
    stop: () => {
      stopping.abort()
      return running
    },
  }
}

/** Resolves after a while, or when a signal ends it. */
const waitFor = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const cancel = clock.at(clock.now() + ms, resolve)
    const end = (): void => {
      cancel()
      resolve()
    }
    if (signal.aborted) end()
    else signal.addEventListener("abort", end, { once: true })
  })

/** Recovers, then projects until it is stopped; rejects where anything fails. */
const followOnce = async (
  options: ProjectionOptions,
  { meter, started, stopped }: { meter: LagMeter; started: () => void; stopped: AbortSignal },
): Promise<void> => {
  const { log, logger, clock = systemClock } = options
  const recovered = await recover(options)
  meter.restart(recovered.written)
  const writer = createTablesWriter(options, recovered)
  const failed = new AbortController()
  const collector = createCollector({
    limit: options.limit ?? blockLimit,
    pace: options.pace ?? blockPace,
    clock,
    write: async (block) => {
      await writer.write(block)
      meter.written(block.last)
    },
    onFailure: (error) => failed.abort(error),
  })
  started()
  const signal = AbortSignal.any([stopped, failed.signal])
  let taken = 0
  for await (const message of log.follow({ afterSequence: recovered.written, signal })) {
    const projected = projectMessage(message)
    if (projected.rejection !== null)
      logger.error(
        { subject: message.subject, sequence: message.sequence, reason: projected.rejection },
        "commit rejected",
      )
    meter.read(projected)
    await collector.add(projected)
    taken += 1
    if (taken % messagesPerTurn === 0) await new Promise<void>((resolve) => clock.soon(resolve))
  }
  await collector.finish()
}
