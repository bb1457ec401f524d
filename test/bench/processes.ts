import { execFile, spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { until } from "../until.ts"

/** What a process of the bench is started with; a Node script hears when the bench is gone and ends. */
export type ProcessOptions = {
  readonly name: string
  readonly env?: Record<string, string>
  /** Variables of this process that it does not see. */
  readonly without?: ReadonlyArray<string>
} & (
  | {
      readonly script: string
      /** What Node itself is told. */
      readonly nodeFlags?: ReadonlyArray<string>
      readonly args?: ReadonlyArray<string>
    }
  | { readonly command: string; readonly args?: ReadonlyArray<string> }
)

/** A process that the bench has started. */
export interface BenchProcess {
  readonly name: string
  readonly pid: number
  /** Returns the first message that it sends to its parent; asked at once. Fails: as `until`. */
  announced(): Promise<unknown>
  /** Waits until a condition holds. Fails: rejects when it takes too long, and with the last lines that the process wrote when it ends before. */
  until(holds: () => boolean | Promise<boolean>, what: string): Promise<void>
  /** Ends it before the rest of the run. */
  stop(): Promise<void>
}

interface Child {
  readonly process: ChildProcess
  /** Returns what it wrote last, once it has ended. */
  readonly lastWords: () => Error | undefined
}

const leash = new URL("../../infra/bootstrap/leash.mjs", import.meta.url).href
const stopTimeoutMs = 10_000
const readyTimeoutMs = 30_000
const lastLines = 12
const outputBytesMax = 64 * 1024 * 1024
const runToEnd = promisify(execFile)

/** The processes and the temporary folder of one run: all of it is gone when the run is over, however it ends. */
export class Processes implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "sluice-bench-"))
  readonly #children = new Set<Child>()
  readonly #finisher = new AbortController()

  constructor() {
    process.on("exit", () => {
      for (const child of this.#children) child.process.kill("SIGKILL")
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  /** Everything that was started. */
  get pids(): ReadonlyArray<number> {
    return [...this.#children].map((child) => child.process.pid ?? 0)
  }

  /** What one of them wrote last that has ended, which none should while the run is on. */
  get fallen(): Error | undefined {
    return [...this.#children].map((child) => child.lastWords()).find((words) => words !== undefined)
  }

  /** Starts a process whose output goes to a file of its own. */
  start(options: ProcessOptions): BenchProcess {
    this.#finisher.signal.throwIfAborted()
    const logFile = join(this.folder, `${options.name}.log`)
    const child = spawnInto(logFile, options)
    const lastWords = () => (hasEnded(child) ? lastWordsOf(options.name, logFile) : undefined)
    const started = { process: child, lastWords }
    this.#children.add(started)
    const announced = once(child, "message").then(([message]: Array<unknown>) => message)
    const died = async () => {
      await ended(child)
      throw lastWordsOf(options.name, logFile)
    }
    const untilIt: BenchProcess["until"] = (holds, what) => {
      const check = async () => {
        if (hasEnded(child)) throw lastWordsOf(options.name, logFile)
        return await holds()
      }
      return until(check, what, readyTimeoutMs)
    }
    const stopIt = async () => {
      await stop(child)
      this.#children.delete(started)
    }
    return {
      name: options.name,
      pid: child.pid ?? 0,
      announced: () => Promise.race([announced, died()]),
      until: untilIt,
      stop: stopIt,
    }
  }

  /** Takes over a process that was started elsewhere. */
  adopt(name: string, child: ChildProcess): void {
    if (this.#finisher.signal.aborted) child.kill("SIGKILL")
    const lastWords = () => (hasEnded(child) ? new Error(`${name} has ended`) : undefined)
    this.#children.add({ process: child, lastWords })
  }

  /** Runs a command to its end and gives what it wrote. Fails: rejects, with its `stderr`, when it fails. */
  async run(command: string, args: ReadonlyArray<string>): Promise<string> {
    const options = { signal: this.#finisher.signal, maxBuffer: outputBytesMax }
    const { stdout } = await runToEnd(command, [...args], options)
    return stdout
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finisher.abort()
    // The newest first: whoever needs another was started after it.
    for (const child of [...this.#children].toReversed()) await stop(child.process)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

const spawnInto = (logFile: string, options: ProcessOptions): ChildProcess => {
  const args = options.args ?? []
  const log = openSync(logFile, "a")
  const withheld = Object.fromEntries((options.without ?? []).map((variable) => [variable, undefined]))
  const env = { ...process.env, ...withheld, ...options.env }
  // Linux shares a machine out among sessions, and services of a machine have one each.
  const detached = true
  const child =
    "script" in options
      ? spawn(process.execPath, [...nodeArguments(options), ...args], {
          stdio: ["ignore", log, log, "ipc"],
          env,
          detached,
        })
      : spawn(options.command, args, { stdio: ["ignore", log, log], env, detached })
  closeSync(log)
  return child
}

const nodeArguments = (options: {
  script: string
  nodeFlags?: ReadonlyArray<string>
}): ReadonlyArray<string> => [...(options.nodeFlags ?? []), "--import", leash, fileURLToPath(options.script)]

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const ended = async (child: ChildProcess): Promise<void> => {
  if (!hasEnded(child)) await once(child, "exit")
}

const lastWordsOf = (name: string, logFile: string): Error => {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lastLines)
  return new Error(`${name} has ended:\n${lines.join("\n")}`)
}

const stop = async (child: ChildProcess): Promise<void> => {
  const force = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs)
  child.kill("SIGTERM")
  await ended(child)
  clearTimeout(force)
}
