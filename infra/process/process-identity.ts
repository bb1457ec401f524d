import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"

/**
 * Tells a process from every other that ever has its id: the instant of its start; `undefined` when no such process runs.
 *
 * A process that has ended and was not waited for does not run.
 */
export const processIdentity = (pid: number): string | undefined =>
  process.platform === "linux" ? fromProc(pid) : fromPs(pid)

/** True if a process that was known by its identity still runs. */
export const isStillRunning = (known: { readonly pid: number; readonly identity: string }): boolean =>
  processIdentity(known.pid) === known.identity

// The name of the program stands in brackets and may hold any character; state is the first field after it, the start the twentieth. Source: proc_pid_stat(5).
const fromProc = (pid: number): string | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const [state] = fields
    if (state === "Z" || state === "X") return undefined
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code === "ENOENT" || code === "ESRCH") return undefined
    throw error
  }
}

const fromPs = (pid: number): string | undefined => {
  try {
    const shown = execFileSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim()
    return shown === "" || shown.startsWith("Z") ? undefined : shown.replace(/^\S+\s+/, "")
  } catch (error) {
    // `ps` says by its status that there is no such process.
    if (error instanceof Error && "status" in error && error.status === 1) return undefined
    throw error
  }
}
