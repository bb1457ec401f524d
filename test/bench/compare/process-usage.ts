import { readFileSync } from "node:fs"

/** Linux tells times of processes in ticks of 10 ms, whatever its clock interrupt. Source: proc_pid_stat(5). */
const tickMs = 10
const userTimeField = 11
const systemTimeField = 12

/**
 * Reads from the text of `/proc/PID/stat` how many milliseconds of processor time all threads of a process have taken, those that have ended too.
 *
 * The name of the program stands in brackets and may hold any character; what is counted is what follows the last of them.
 * Fails: throws when the text has no such fields.
 */
export const cpuMsIn = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const ticks = Number(fields[userTimeField]) + Number(fields[systemTimeField])
  if (!Number.isFinite(ticks)) throw new Error(`no processor time in ${JSON.stringify(stat)}`)
  return ticks * tickMs
}

/** Reads from the text of `/proc/PID/status` how many MB a process has held at most since its start. Fails: throws when the text does not say. */
export const peakMbIn = (status: string): number => {
  const kb = /^VmHWM:\s+(\d+) kB$/mu.exec(status)?.[1]
  if (kb === undefined) throw new Error(`no peak of memory in ${JSON.stringify(status)}`)
  return Number(kb) / 1_024
}

/** Returns the processor time of a running process in ms. Fails: throws where there is no `/proc`, and when the process has ended. */
export const cpuMsOf = (pid: number): number => cpuMsIn(readFileSync(`/proc/${pid}/stat`, "utf8"))

/** Returns the most memory of a running process in MB. Fails: as `cpuMsOf`. */
export const peakMbOf = (pid: number): number => peakMbIn(readFileSync(`/proc/${pid}/status`, "utf8"))
