import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { until } from "../until.ts"

/** What a process of the bench is started with; a Node script hears when the bench is gone and ends. */
export type ProcessOptions = { readonly name: string; readonly env?: Record<string, string> } & (
  | { readonly script: string; readonly args?: ReadonlyArray<string> }
  | { readonly command: string; readonly args?: ReadonlyArray<string> }
)

/** A process that the bench has started. */
export interface BenchProcess {
  readonly name: string
  readonly pid: number
  /** Gives the first message that it sends to its parent; asked at once. Fails: as `until`. */
  announced(): Promise<unknown>
  /** Waits until a condition holds. Fails: rejects with the last lines that it wrote when it ends before, or when it takes too long. */
  until(holds: () => boolean | Promise<boolean>, what: string): Promise<void>
}

const leash = new URL("../../infra/bootstrap/leash.mjs", import.meta.url).href
const stopTimeoutMs = 10_000
const readyTimeoutMs = 30_000
const lastLines = 12

/** The processes and the temporary folder of one run: all of it is gone when the run is over, however it ends. */
export class Processes implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "sluice-bench-"))
  #children: Array<ChildProcess> = []
  #used: Array<AsyncDisposable> = []
  #onExit = () => {
    for (const child of this.#children) child.kill("SIGKILL")
    rmSync(this.folder, { recursive: true, force: true })
  }

  constructor() {
    process.on("exit", this.#onExit)
  }

  /** Starts a process whose output goes to a file of its own. */
  start(options: ProcessOptions): BenchProcess {
    const logFile = join(this.folder, `${options.name}.log`)
    const child = this.#spawn(options, logFile)
    const announced = once(child, "message").then(([message]: Array<unknown>) => message)
    const died = async () => {
      await ended(child)
      throw lastWords(options.name, logFile)
    }
    return {
      name: options.name,
      pid: child.pid ?? 0,
      announced: () => Promise.race([announced, died()]),
      until: async (holds, what) => {
        const isSettled = async () => {
          if (hasEnded(child)) throw lastWords(options.name, logFile)
          return await holds()
        }
        await until(isSettled, what, readyTimeoutMs)
      },
    }
  }

  /** Takes over something that was started elsewhere and that the processes need: it ends after them. */
  use<Used extends AsyncDisposable>(used: Used): Used {
    this.#used.push(used)
    return used
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The newest first: whoever needs another was started after it.
    for (const child of this.#children.toReversed()) await stop(child)
    for (const used of this.#used) await used[Symbol.asyncDispose]()
    process.off("exit", this.#onExit)
    rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(options: ProcessOptions, logFile: string): ChildProcess {
    const args = options.args ?? []
    const log = openSync(logFile, "a")
    const env = { ...process.env, ...options.env }
    const child =
      "script" in options
        ? spawn(process.execPath, ["--import", leash, fileURLToPath(options.script), ...args], {
            stdio: ["ignore", log, log, "ipc"],
            env,
          })
        : spawn(options.command, args, { stdio: ["ignore", log, log], env })
    closeSync(log)
    this.#children.push(child)
    return child
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const ended = async (child: ChildProcess): Promise<void> => {
  if (!hasEnded(child)) await once(child, "exit")
}

const lastWords = (name: string, logFile: string): Error => {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lastLines)
  return new Error(`${name} has ended:\n${lines.join("\n")}`)
}

const stop = async (child: ChildProcess): Promise<void> => {
  const force = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs)
  child.kill("SIGTERM")
  await ended(child)
  clearTimeout(force)
}
