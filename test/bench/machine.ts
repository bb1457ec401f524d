import { cpus, release, totalmem, type } from "node:os"

/** What a run was made on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  readonly date: string
}

/** Describes this machine, now. */
export const describeMachine = (): Machine => {
  const cores = cpus()
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
  }
}

/** Says it in one line. */
export const machineLine = ({ cpu, cores, memoryGb, system, node, date }: Machine): string =>
  `${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}, ${date} UTC`
