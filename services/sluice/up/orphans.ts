import { isStillRunning } from "@sluice/infra/process/process-identity.ts"
import { Clock, Effect } from "effect"
import type { KnownProcess, RunFile } from "../run-file.ts"

const graceMs = 5_000
const pollMs = 20

/**
 * Ends the processes that an `up` which was killed left behind, and gives their names.
 *
 * To be called under the lock of the data directory only, which proves that the one which started them is dead; those of a directory that this one is a copy of are not in what was read. Source: S2.
 */
export const endOrphans = Effect.fnUntraced(function* (left: RunFile) {
  const parts: ReadonlyArray<readonly [string, KnownProcess | null]> = [
    ["ingress", left.ingress],
    ["projector", left.projector],
    ["nats-server", left.nats?.process ?? null],
    ["simulated providers", left.simulator],
  ]
  const ended: Array<string> = []
  for (const [name, known] of parts) {
    if (known === null || !isStillRunning(known)) continue
    yield* end(known)
    ended.push(name)
  }
  return ended
})

const end = Effect.fnUntraced(function* (known: KnownProcess) {
  const deadline = (yield* Clock.currentTimeMillis) + graceMs
  signal(known, "SIGTERM")
  while (isStillRunning(known)) {
    if ((yield* Clock.currentTimeMillis) > deadline) signal(known, "SIGKILL")
    yield* Effect.sleep(pollMs)
  }
})

const signal = ({ pid }: KnownProcess, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It ended in this instant.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error
  }
}
