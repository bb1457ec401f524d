import { once } from "node:events"
import { parentPort, Worker, workerData } from "node:worker_threads"
import { median } from "../figures.ts"

/**
 * Measures several subjects in turn, each in a thread with a heap of its own, and gives the median of each one's rounds.
 *
 * In turn, so that a machine that is busy for a while is so for all of them; apart, so that none profits or suffers from another's garbage or compiled code.
 */
export const inTurn = async <Subject>(
  worker: URL,
  subjects: ReadonlyArray<Subject>,
  rounds: number,
): Promise<ReadonlyArray<{ readonly subject: Subject; readonly figure: number }>> => {
  const threads = subjects.map((subject) => new Worker(worker, { workerData: subject }))
  try {
    await Promise.all(threads.map((thread) => once(thread, "message")))
    const figures = subjects.map((): Array<number> => [])
    for (let round = 0; round < rounds; round++)
      for (const [index, thread] of threads.entries()) {
        thread.postMessage("round")
        const [figure] = await once(thread, "message")
        figures[index]?.push(figure)
      }
    return subjects.map((subject, index) => ({ subject, figure: median(figures[index] ?? []) }))
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}

/** Makes this thread one that `inTurn` measures: `prepare` gets its subject, warms up and gives the function that makes one round. */
export const serveRounds = (prepare: (subject: never) => () => number): void => {
  const round = prepare(workerData as never)
  parentPort?.on("message", () => parentPort?.postMessage(round()))
  parentPort?.postMessage("ready")
}

/** Returns how many microseconds something takes for each of so many. */
export const microsecondsEach = (count: number, run: () => void): number => {
  const begin = performance.now()
  run()
  return ((performance.now() - begin) * 1_000) / count
}
