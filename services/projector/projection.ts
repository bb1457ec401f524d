import { type Clock, systemClock } from "@sluice/infra/clock/clock.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { blockLimit, projectMessage, type BlockLimit, type ProjectedMessage } from "./block.ts"
import { type BlockPace, createCollector } from "./collector.ts"
import { lookWhileIdle } from "./idle-look.ts"
import { Interruptions } from "./interruptions.ts"
import { createLagMeter, type LagMeter } from "./lag.ts"
import { recover, type RecoveryParts } from "./recovery.ts"
import { adoptLog } from "./tables-aside.ts"
import { createTablesWriter } from "./tables-writer.ts"

/** How a projection runs. */
export interface ProjectionOptions extends RecoveryParts {
  /** Default: 60 000 facts. Source: P2. */
  readonly limit?: BlockLimit
  /** Default: 250 ms, and 1 s where the log is busy. Source: P2. */
  readonly pace?: BlockPace
  /** The name of the log that the operator has said to go on with. Source: P5. */
  readonly adoptedLog?: string | undefined
  /** How often it is looked whether the log still holds what was read last. Default: 5 s. */
  readonly lookEveryMs?: number
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** The tables following the log. */
export interface Projection {
  readonly meter: LagMeter
  /** True if the last try to go on succeeded. */
  isFollowing(): boolean
  /** Writes what was read, and ends. */
  stop(): Promise<void>
}

/** After so many messages whatever else is to be done has its turn: questions, and the inserts of the last block. */
const messagesPerTurn = 16
/** Seen within a quarter of a second while little happens; above 2 000 facts a second, a second at the most. */
const blockPace: BlockPace = { quietWaitMs: 250, busyWaitMs: 1_000, busyFacts: 500 }
/** Blocks wait longer than that. */
const gatherMs = 100
const defaultLookEveryMs = 5_000
const firstRetryMs = 200
const longestRetryMs = 5_000

/**
 * Makes the tables follow the log, for ever.
 *
 * Whatever fails is logged and tried again from the last claimed block, after 0.2 s doubling to 5 s; so is a log that has lost its tail, from the last block that it still holds.
 * Source: P1–P3.
 */
export const startProjection = (options: ProjectionOptions): Projection => {
  const { clock = systemClock } = options
  const meter = createLagMeter()
  const stopping = new AbortController()
  let isFollowing = false
  let retryMs = firstRetryMs
  const interruptions = new Interruptions(options.logger, clock)
  const started = (): void => {
    isFollowing = true
    interruptions.follows()
    meter.turns("following")
    retryMs = firstRetryMs
  }
  let areOthersKnown = false
  const others = async (): Promise<void> => {
    if (areOthersKnown) return
    await adoptLog(options, { adopted: options.adoptedLog, identity: await options.log.identity() })
    areOthersKnown = true
  }
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await followOnce(options, { meter, others, started, stopped: stopping.signal })
      } catch (error) {
        isFollowing = false
        interruptions.interrupted(error, retryMs)
        meter.turns("interrupted")
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
      return running.finally(() => interruptions.stop())
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

interface Following {
  readonly meter: LagMeter
  /** What is done with the tables of other logs once those of this one are found. */
  readonly others: () => Promise<void>
  readonly started: () => void
  readonly stopped: AbortSignal
}

/** Recovers, then projects until it is stopped; rejects where anything fails, when nothing is being written any more. */
const followOnce = async (
  options: ProjectionOptions,
  { meter, others, started, stopped }: Following,
): Promise<void> => {
  const { log, claims, clock = systemClock } = options
  // What was finished before is in the tables meanwhile.
  meter.turns("recovering", (await claims.read()).progress?.finished)
  const recovered = await recover(options)
  meter.restart(recovered.written)
  await others()
  const writer = createTablesWriter(options, recovered)
  const failed = new AbortController()
  const onFailure = (error: unknown): void => failed.abort(error)
  const collector = createCollector({
    limit: options.limit ?? blockLimit,
    pace: options.pace ?? blockPace,
    clock,
    write: async (block) => {
      await writer.write(block)
      meter.written(block.last)
    },
    onFailure,
  })
  const { written, writtenId } = recovered
  let last = writtenId === null ? undefined : { sequence: written, id: writtenId }
  const stopLooking = lookWhileIdle({
    log,
    clock,
    everyMs: options.lookEveryMs ?? defaultLookEveryMs,
    lastRead: () => last,
    onFailure,
  })
  started()
  const signal = AbortSignal.any([stopped, failed.signal])
  try {
    let taken = 0
    for await (const message of log.follow({
      afterSequence: written,
      afterId: writtenId,
      gatherMs,
      signal,
    })) {
      last = message
      await collector.add(read(options, meter, message))
      taken += 1
      if (taken % messagesPerTurn === 0) await new Promise<void>((resolve) => clock.soon(resolve))
    }
    failed.signal.throwIfAborted()
    await collector.finish()
  } finally {
    stopLooking()
    await collector.discard()
  }
}

const read = ({ logger }: ProjectionOptions, meter: LagMeter, message: StoredMessage): ProjectedMessage => {
  const projected = projectMessage(message)
  if (projected.rejection !== null)
    logger.error(
      { subject: message.subject, sequence: message.sequence, reason: projected.rejection },
      "commit rejected",
    )
  meter.read(projected)
  return projected
}
