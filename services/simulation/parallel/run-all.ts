import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Figures } from "../figures/figures.ts"
import type { Run } from "../run-scenario.ts"

/** What a worker says of a run. */
export type Answer = { readonly figures: Figures } | { readonly failed: string }

const virtualSPerWorker = 600

/** How runs are spread and followed. */
export interface RunAllOptions<Of extends Run> {
  readonly workers?: number
  readonly signal?: AbortSignal
  /** Told of every run as it ends, in no certain order. */
  readonly onDone?: (run: Of, figures: Figures) => void
}

/**
 * Runs scenarios on all processors and gives their figures in the order of the runs; what a run comes to does not depend on who runs it.
 *
 * Fails: rejects with the first failure of a run.
 */
export const runAll = async <Of extends Run>(
  runs: ReadonlyArray<Of>,
  { workers = availableParallelism(), signal, onDone }: RunAllOptions<Of> = {},
): Promise<ReadonlyArray<Figures>> => {
  const results: Array<Figures> = []
  // The longest first, so that no processor is left alone with one at the end.
  const order = [...runs.keys()].toSorted((one, other) => costOf(runs[other]) - costOf(runs[one]))
  // A worker takes a second to start: it has to have something to do.
  const worthwhile = Math.ceil(runs.reduce((sum, run) => sum + costOf(run), 0) / virtualSPerWorker)
  const threads = Array.from({ length: Math.min(workers, worthwhile, runs.length) }, () => startWorker())
  const serve = async (thread: Worker): Promise<void> => {
    for (let at = order.shift(); at !== undefined; at = order.shift()) {
      const run = runs[at]
      if (run === undefined) return
      const figures = await ask(thread, run, signal)
      results[at] = figures
      onDone?.(run, figures)
    }
  }
  try {
    await Promise.all(threads.map(serve))
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
  return results
}

const startWorker = (): Worker => new Worker(new URL("./worker.ts", import.meta.url))

/** Roughly how long a run takes. */
const costOf = (run: Run | undefined): number =>
  run === undefined ? 0 : run.scenario.durationS * run.scenario.accounts

const ask = (thread: Worker, run: Run, signal: AbortSignal | undefined): Promise<Figures> =>
  new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      thread.off("message", onMessage)
      thread.off("error", onError)
      signal?.removeEventListener("abort", onAbort)
      settle()
    }
    const onMessage = (answer: Answer) =>
      end(() => ("figures" in answer ? resolve(answer.figures) : reject(new Error(answer.failed))))
    const onError = (error: Error) => end(() => reject(error))
    const onAbort = () => end(() => reject(new Error("interrupted")))
    thread.on("message", onMessage)
    thread.on("error", onError)
    signal?.addEventListener("abort", onAbort)
    const { scenario, algorithm, seed } = run
    thread.postMessage({ scenario, algorithm, seed })
  })
