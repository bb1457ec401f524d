import { parentPort } from "node:worker_threads"
import { knownBugs } from "../known-bugs.ts"
import { runFaults } from "../run-faults.ts"
import type { Answer, SeedRun } from "./run-seeds.ts"

/** Runs what it is sent, one run after the other. */
parentPort?.on("message", ({ seed, mode, bug }: SeedRun) => {
  const send = (answer: Answer) => parentPort?.postMessage(answer)
  runFaults({ seed, mode }, bug === undefined ? {} : knownBugs[bug]()).then(
    (report) => send({ report }),
    (error: unknown) =>
      send({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
