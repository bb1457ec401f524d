import { parentPort } from "node:worker_threads"
import { type Run, runScenario } from "../run-scenario.ts"
import type { Answer } from "./run-all.ts"

/** Runs what it is sent, one run after the other. */
parentPort?.on("message", (run: Run) => {
  const send = (answer: Answer) => parentPort?.postMessage(answer)
  runScenario(run).then(
    (figures) => send({ figures }),
    (error: unknown) =>
      send({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
