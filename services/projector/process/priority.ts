import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { setPriority } from "node:os"

/** Below what serves requests, and not so low that a machine with much to do never comes to it. */
const background = 10
const autogroup = "/proc/self/autogroup"

/**
 * Lets what serves requests go first; threads that start later inherit it.
 *
 * Source: sched(7), "The autogroup feature"; Linux keeps the priority by thread, and weighs those of different sessions by their sessions.
 */
export const workInBackground = (): void => {
  setPriority(background)
  if (process.platform !== "linux") return
  for (const thread of readdirSync("/proc/self/task")) setPriority(Number(thread), background)
  // A session that this process leads holds nothing else.
  if (existsSync(autogroup) && sessionOf(process.pid) === process.pid) lower(autogroup)
}

/** It is a wish: where the file may not be written, as in some containers, the projector only has more than it needs. */
const lower = (file: string): void => {
  try {
    writeFileSync(file, String(background))
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error
  }
}

/** The name of a program may hold spaces and parentheses; what follows the last one is separated by spaces. */
const sessionOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3])
}
