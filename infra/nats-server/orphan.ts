import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"

const graceMs = 10_000
const pollMs = 20

/**
 * Ends the server that still runs with a configuration file although the process that started it is dead, as its pid file tells.
 *
 * To be called under the directory's lock only, which proves that no living process looks after that server. Source: S2.
 */
export const endOrphan = async (pidFile: string, configurationFile: string): Promise<void> => {
  const pid = Number.parseInt(contentOf(pidFile), 10)
  if (!Number.isInteger(pid) || !runsWith(pid, configurationFile)) return
  process.kill(pid, "SIGTERM")
  const deadline = performance.now() + graceMs
  while (runsWith(pid, configurationFile)) {
    if (performance.now() > deadline) process.kill(pid, "SIGKILL")
    await pause(pollMs)
  }
}

/** Ids of processes are used again: only one whose command line names the configuration file is the server. */
const runsWith = (pid: number, configurationFile: string): boolean => {
  if (process.platform === "linux")
    return contentOf(`/proc/${pid}/cmdline`).split("\0").includes(configurationFile)
  try {
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).includes(
      configurationFile,
    )
  } catch (error) {
    // `ps` says by its status that there is no such process.
    if (error instanceof Error && "status" in error && error.status === 1) return false
    throw error
  }
}

const contentOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    if (code === "ENOENT" || code === "ESRCH") return ""
    throw error
  }
}
