import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

/** The processors that a process may use, and how it chooses among them. */
export interface Processors {
  readonly allowed: ReadonlyArray<number>
  keepTo(processors: ReadonlyArray<number>): void
}

/** Decides how many processors the projector uses. */
export interface ProcessorShare {
  /** Hears how late the tables are. */
  adjust(lateMs: number): void
}

/** A busy log has blocks that wait for a second and are then written. */
const lateMs = 3_000
const inTimeMs = 2_000

/**
 * Leaves half of the processors to what serves requests, as long as the tables are not late with the other half.
 *
 * Wherever the projector's threads run, those that serve requests wait behind them or are put beside them, whatever their priorities.
 */
export const shareProcessors = ({ allowed, keepTo }: Processors): ProcessorShare => {
  const half = allowed.slice(Math.ceil(allowed.length / 2))
  if (half.length === 0) return { adjust: () => undefined }
  let isLate = false
  keepTo(half)
  return {
    adjust: (ms) => {
      const wasLate = isLate
      isLate = ms > (wasLate ? inTimeMs : lateMs)
      if (isLate !== wasLate) keepTo(isLate ? allowed : half)
    },
  }
}

/** Those of this process and all its threads; none where the system does not let it choose. Source: taskset(1). */
export const ownProcessors = (): Processors => ({
  allowed: process.platform === "linux" ? allowedProcessors() : [],
  keepTo: (processors) => {
    try {
      const options = ["-a", "-c", "-p", processors.join(), String(process.pid)]
      execFileSync("taskset", options, { stdio: "ignore" })
    } catch (error) {
      // It is a wish: where there is no such command, the projector only has more than it needs.
      if (!(error instanceof Error && ("code" in error || "status" in error))) throw error
    }
  },
})

/** A container may have fewer processors than its machine, and not the first ones. */
const allowedProcessors = (): ReadonlyArray<number> => {
  const listed = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? "0"
  return listed.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number)
    return Array.from({ length: last - first + 1 }, (_, place) => first + place)
  })
}
