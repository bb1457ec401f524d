import { join } from "node:path"
import type { Settings } from "@sluice/events/configuration/configuration.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import { type AnsweringLog, watchAnswers } from "@sluice/infra/event-log/answering-log.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { WriteWatch } from "@sluice/infra/event-log/failing-writes.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import type { Disk } from "@sluice/infra/event-log/spool/disk.ts"
import type { SpoolListener } from "@sluice/infra/event-log/spool/spool.ts"
import { openSpoolingLog, type SpoolingLog } from "@sluice/infra/event-log/spool/spooling-log.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { WaitingForLog } from "./waiting-for-log.ts"

/** How the log of an ingress is guarded. */
export interface GuardOptions {
  readonly isEmbedded: boolean
  readonly dataDir: string
  /** As they are now. */
  readonly settings: () => Pick<Settings, "onLogUnavailable" | "spoolLimitBytes">
  readonly logger: Logger
  /** Hears what of the writes is taken. */
  readonly writes?: WriteWatch
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly disk?: Disk
}

/** How the log of an ingress is opened. */
export interface GuardedLogOptions extends GuardOptions {
  readonly natsUrl: string
  readonly node: string
}

/** How the log of an ingress fares, as `/readyz` tells it. */
export interface LogHealth {
  readonly eventLog: "connected" | "spooling" | "unreachable"
  readonly spoolBytes: number
  /** How many commits wait in the spool, which are not in the log yet. */
  readonly spoolCommits: number
  /** What is not as it should be, in words; empty where all is well. */
  readonly degraded: ReadonlyArray<string>
}

/** The log of an ingress, with what is done while it does not answer. Source: L9. */
export interface GuardedLog {
  readonly log: EventLog
  /** True if something new may begin. */
  takesNew(): boolean
  health(): LogHealth
  /** Resolves with a promise of the log, or gives it up when nothing can be stored. */
  until(stored: Promise<void>): Promise<void>
}

/**
 * Opens the log of an ingress; with the embedded one, which nobody else writes to, behind a spool, and what an earlier process left in it is drained first.
 *
 * Fails: rejects with `LogUnavailable`.
 * Source: L9.
 */
export const openGuardedLog = async (options: GuardedLogOptions): Promise<GuardedLog> =>
  guardLog(await openJetStreamLog({ url: options.natsUrl, name: `ingress ${options.node}` }), options)

/** Guards a log that is open. Fails: as `openGuardedLog`, and closes the log. */
export const guardLog = async (log: EventLog, options: GuardOptions): Promise<GuardedLog> => {
  const { isEmbedded, settings, logger, writes = new WriteWatch(), clock, disk } = options
  const answering = watchAnswers(log, writes)
  if (!isEmbedded) {
    if (settings().onLogUnavailable === "spool")
      logger.warn("settings.onLogUnavailable: spool works with the embedded log only; here it means refuse")
    return refusing(answering, writes)
  }
  const waiting = new WaitingForLog()
  try {
    const spooling = await openSpoolingLog({
      log: answering,
      directory: join(options.dataDir, "spool"),
      policy: () => ({
        isOn: settings().onLogUnavailable !== "refuse",
        limitBytes: settings().spoolLimitBytes,
      }),
      listener: listener(logger, waiting),
      ...(clock === undefined ? {} : { clock }),
      ...(disk === undefined ? {} : { disk }),
    })
    return withSpool(spooling, {
      answering,
      waiting,
      writes,
      isOn: () => settings().onLogUnavailable !== "refuse",
    })
  } catch (error) {
    await answering.close()
    throw error
  }
}

/** Nothing new without an answer of the log; what runs waits for it. */
const refusing = (log: AnsweringLog, writes: WriteWatch): GuardedLog => ({
  log,
  takesNew: () => log.isAnswering(),
  health: () => ({
    eventLog: log.isAnswering() ? "connected" : "unreachable",
    spoolBytes: 0,
    spoolCommits: 0,
    degraded: troubles(log, writes),
  }),
  until: (stored) => stored,
})

/** Says why the log takes nothing. */
const troubles = (log: AnsweringLog, writes: WriteWatch): ReadonlyArray<string> => {
  if (!log.isConnected()) return ["the event log cannot be reached"]
  const { failing } = writes
  if (failing === undefined) return []
  return [`the event log has taken nothing for ${Math.round(failing.forMs / 1_000)} s: ${failing.reason}`]
}

const withSpool = (
  log: SpoolingLog,
  of: {
    readonly answering: AnsweringLog
    readonly waiting: WaitingForLog
    readonly writes: WriteWatch
    readonly isOn: () => boolean
  },
): GuardedLog => {
  const { answering, waiting, writes, isOn } = of
  return {
    log,
    takesNew: () => {
      const { isHolding, hasRoom } = log.spool()
      return hasRoom && (isHolding || isOn() || answering.isAnswering())
    },
    health: () => {
      const { isHolding, commits, bytes, hasRoom } = log.spool()
      const direct = answering.isAnswering() ? "connected" : "unreachable"
      const degraded = [
        ...troubles(answering, writes),
        ...(isHolding ? [`the spool holds ${commits} commits that are not in the log yet`] : []),
        ...(hasRoom ? [] : ["the spool has no room for more: nothing new is admitted"]),
      ]
      return {
        eventLog: isHolding ? "spooling" : direct,
        spoolBytes: bytes,
        spoolCommits: commits,
        degraded,
      }
    },
    until: (stored) => waiting.until(stored),
  }
}

const listener = (logger: Logger, waiting: WaitingForLog): SpoolListener => ({
  onBegun: (begun) => logger.warn(begun, "the event log does not answer: commits go to the spool"),
  onHolding: (holding) =>
    logger.warn(holding, "the spool still holds commits that the event log has not taken"),
  onDrained: (drained) => logger.info(drained, "the event log answers again: the spool is drained"),
  onRefused: ({ subject, commit, error }) =>
    logger.error(
      { subject, commit, err: error },
      "the log refused a commit of the spool: it is kept in the file refused beside the spool",
    ),
  onCut: (cut) => logger.warn(cut, "the spool ended with a torn record, which is cut"),
  onFull: ({ reason }) => {
    logger.error(
      { reason },
      "nothing can be stored: nothing is admitted, and answers are cut before their end",
    )
    waiting.giveUp(reason)
  },
  onRoom: () => {
    logger.info("commits are stored again")
    waiting.resume()
  },
})
