import { join } from "node:path"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { spooledBeside } from "@sluice/infra/event-log/spool/spooled.ts"
import { type OperationsClient, openOperationsClient } from "@sluice/infra/operations/operations.ts"
import { RunningState } from "@sluice/infra/operations/running-state.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { verifyLog } from "@sluice/replay/verify/verify-log.ts"
import { Effect, Schema } from "effect"
import { type LogLocation, logToRead } from "../archive/log-at.ts"
import { failedWith } from "../failure.ts"
import { closedPipe } from "../pipe.ts"
import { logUrlOf, runningOn } from "../running.ts"
import { showProgress } from "./progress.ts"
import { reportText, spoolLines } from "./report-text.ts"

/** What is verified. */
export interface VerifyCommandOptions extends LogLocation {
  readonly fromMs: number | undefined
  readonly json: boolean
}

const decodeState = Schema.decodeUnknownSync(RunningState)

/** Holds the log to its invariants and prints what was found; the exit status is 1 where one does not hold. Source: R3. */
export const verify = Effect.fnUntraced(function* ({ fromMs, json, ...place }: VerifyCommandOptions) {
  const { log } = yield* logToRead(place)
  closedPipe()
  const asker = yield* askerOf(place)
  const progress = yield* Effect.acquireRelease(
    Effect.sync(() => showProgress({ json })),
    ({ end }) => Effect.sync(end),
  )
  const begin = performance.now()
  const report = yield* Effect.tryPromise({
    try: () =>
      verifyLog(log, {
        fromMs: fromMs ?? 0,
        running: (subject) => runningState(asker, subject),
        onProgress: progress.update,
      }),
    catch: failedWith,
  })
  const spool = yield* spoolOf(place, log)
  progress.end()
  const seconds = (performance.now() - begin) / 1_000
  const isGood = report.violations.length === 0
  if (!isGood) process.exitCode = 1
  const look = { colours: process.stdout.isTTY && process.stdout.hasColors() }
  const text = json
    ? JSON.stringify({ ok: isGood, seconds, ...report, spool })
    : [reportText(report, seconds, look), ...spoolLines(spool)].join("\n")
  print(`${text}\n`)
}, Effect.scoped)

/** Counts what lies beside the log; with a server of somebody else's there is no spool. */
const spoolOf = ({ natsUrl, dataDirectory }: LogLocation, log: EventLog) =>
  natsUrl === undefined
    ? Effect.tryPromise({
        try: () => spooledBeside(log, join(dataDirectory, "spool")),
        catch: failedWith,
      })
    : Effect.succeed(null)

/** Opens the way to the running actors; nothing where the log is at rest. */
const askerOf = Effect.fnUntraced(function* ({ natsUrl, dataDirectory }: LogLocation) {
  if (natsUrl === undefined && (yield* runningOn(dataDirectory)) === undefined) return undefined
  const url = natsUrl ?? (yield* logUrlOf(dataDirectory, "operator"))
  return yield* Effect.acquireRelease(
    Effect.tryPromise({ try: () => openOperationsClient(url), catch: failedWith }),
    (opened: OperationsClient) => Effect.promise(() => opened[Symbol.asyncDispose]()),
  )
})

/** Where no ingress answers, or none that has the subject, only what is stored is compared. */
const runningState = async (
  asker: OperationsClient | undefined,
  subject: string,
): Promise<RunningState | undefined> => {
  const answer = await asker?.ask({ type: "state", subject }).catch(() => undefined)
  return answer?.ok === true ? decodeState(answer.value) : undefined
}
