import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { constants, setPriority } from "node:os"

const lowest = constants.priority.PRIORITY_LOW
const autogroup = "/proc/self/autogroup"

/**
 * Lets everything else on the machine go first; threads that start later inherit it.
 *
 * On Linux it takes only the time that nobody else wants: a niced thread that runs still keeps a request waiting until its slice is over, an idle one makes way at once.
 *
 * Source: sched(7), SCHED_IDLE and "The autogroup feature"; Linux keeps the priority by thread, and Node has started some before any of our code runs.
 */
export const workInBackground = (): void => {
  setPriority(lowest)
  if (process.platform !== "linux") return
  for (const thread of readdirSync("/proc/self/task")) setPriority(Number(thread), lowest)
  // Where chrt is missing, the lowest niceness has to do.
  spawnSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(process.pid)], { stdio: "ignore" })
  // Between sessions Linux weighs the sessions: one that this process leads is its own.
  if (existsSync(autogroup) && sessionOf(process.pid) === process.pid) lower(autogroup)
}

/** It is a wish: where the file may not be written, as in some containers, the projector only has more than it needs. */
const lower = (file: string): void => {
  try {
    writeFileSync(file, String(lowest))
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error
  }
}

/** The name of a program may hold spaces and parentheses; what follows the last one is separated by spaces. */
const sessionOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3])
}
