import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Mode } from "../fault-plan.ts"
import type { KnownBug } from "../known-bugs.ts"
import type { FaultReport } from "../run-faults.ts"

/** One seed in one mode, with a bug put into the product or as it is. */
export interface SeedRun {
  readonly seed: number
  readonly mode: Mode
  readonly bug?: KnownBug
}

/** What a worker says of a run. */
export type Answer = { readonly report: FaultReport } | { readonly failed: string }

/** How runs are spread and followed. */
export interface RunSeedsOptions {
  readonly workers?: number
  readonly signal?: AbortSignal
  /** Told of every run as it ends, in no certain order; nothing more is begun once it says so. */
  readonly onDone?: (report: FaultReport) => "stop" | void
}

/** Runs seeds on all processors and gives their reports in the order of the runs. What breaks a run altogether is a violation of its own. */
export const runSeeds = async (
  runs: ReadonlyArray<SeedRun>,
  { workers = availableParallelism(), signal, onDone }: RunSeedsOptions = {},
): Promise<ReadonlyArray<FaultReport>> => {
  const reports: Array<FaultReport> = []
  let next = 0
  const serve = async (): Promise<void> => {
    const thread = startWorker()
    try {
      for (let run = runs[next]; run !== undefined && signal?.aborted !== true; run = runs[next]) {
        const place = next
        next += 1
        const report = await ask(thread, run)
        reports[place] = report
        if (onDone?.(report) === "stop") next = runs.length
      }
    } finally {
      await thread.terminate()
    }
  }
  await Promise.all(Array.from({ length: Math.min(workers, runs.length) }, serve))
  return reports.filter((report) => report !== undefined)
}

const startWorker = (): Worker => new Worker(new URL("./seed-worker.ts", import.meta.url))

const ask = (thread: Worker, run: SeedRun): Promise<FaultReport> =>
  new Promise((resolve) => {
    const end = (report: FaultReport): void => {
      thread.off("message", onMessage)
      thread.off("error", onError)
      resolve(report)
    }
    const onMessage = (answer: Answer) =>
      end("report" in answer ? answer.report : brokenOff(run, answer.failed))
    const onError = (error: Error) => end(brokenOff(run, error.stack ?? error.message))
    thread.on("message", onMessage)
    thread.on("error", onError)
    thread.postMessage(run)
  })

const brokenOff = ({ seed, mode }: SeedRun, message: string): FaultReport => ({
  seed,
  mode,
  violations: [{ atMs: 0, message: `the run broke off: ${message}` }],
  requests: 0,
  commits: 0,
  happened: {},
})
