import { readdirSync } from "node:fs"
import { setPriority } from "node:os"

/** Below what serves requests. */
const background = 10

/**
 * Lets everything else on the machine go first; threads that start later inherit it.
 *
 * Source: Linux keeps the priority by thread, and Node has started some before any of our code runs.
 */
export const workInBackground = (): void => {
  setPriority(background)
  if (process.platform !== "linux") return
  for (const thread of readdirSync("/proc/self/task")) setPriority(Number(thread), background)
}
