import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { globSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { readAccess } from "@sluice/infra/identity/access.ts"
import { type NatsUser, urlAs } from "@sluice/infra/nats-server/users.ts"
import { isStillRunning } from "@sluice/infra/process/process-identity.ts"
import { type KnownProcess, readRunFile, type RunFile } from "@sluice/sluice/run-file.ts"
import { freePort } from "./bench/free-port.ts"
import { until } from "./until.ts"

const main = join(import.meta.dirname, "../services/sluice/main.ts")
const leash = pathToFileURL(join(import.meta.dirname, "../infra/bootstrap/leash.mjs")).href

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A command of the command line that runs. */
export interface Command {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** What it printed so far. */
  stdout(): string
  stderr(): string
}

type Environment = Readonly<Record<string, string>>

/** Starts a command of the command line, with nothing of this process's settings of Sluice. */
export const startCommand = (args: ReadonlyArray<string>, environment: Environment = {}): Command => {
  const { NATS_URL: _nats, CLICKHOUSE_URL: _clickHouse, SLUICE_LOG_LEVEL: _level, ...inherited } = process.env
  // A test process that is killed, or gives a test up, takes what it has started along.
  const child = spawn(process.execPath, ["--import", leash, main, ...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...inherited, ...environment },
  })
  let stdout = ""
  let stderr = ""
  child.stdout?.on("data", (chunk) => (stdout += chunk))
  child.stderr?.on("data", (chunk) => (stderr += chunk))
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal, stdout, stderr }))
  return { process: child, ended, stdout: () => stdout, stderr: () => stderr }
}

/** Runs a command to its end. */
export const runCommand = (args: ReadonlyArray<string>, environment: Environment = {}): Promise<Ended> =>
  startCommand(args, environment).ended

/** A `sluice up` with a data directory of its own, ready for requests. */
export interface RunningSluice extends AsyncDisposable {
  readonly command: Command
  readonly dataDirectory: string
  readonly url: string
  /** What runs now. */
  run(): RunFile
  /** Sends a signal and waits for the end. */
  stop(signal: NodeJS.Signals): Promise<Ended>
}

/** Makes a data directory that is taken away with all that still runs on it. */
export const temporaryDataDirectory = async (): Promise<{ readonly path: string } & AsyncDisposable> => {
  const path = await mkdtemp(join(tmpdir(), "sluice-up-"))
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      for (const pid of processesOn(path)) process.kill(pid, "SIGKILL")
      await until(() => processesOn(path).length === 0, "everything on the data directory has ended")
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Starts everything on a free port and waits until it is ready. */
export const startSluice = async (
  dataDirectory: string,
  { args = [], environment = {} }: { args?: ReadonlyArray<string>; environment?: Environment } = {},
): Promise<RunningSluice> => {
  const port = String(await freePort())
  const command = startCommand(["up", "--data", dataDirectory, "--port", port, ...args], environment)
  const isOver = () => command.process.exitCode !== null
  await until(() => command.stdout().includes("ready: ") || isOver(), "sluice up is ready", 30_000)
  const run = () => {
    const content = readRunFile(dataDirectory)
    if (content === undefined) throw new Error(`nothing runs: ${command.stderr()}`)
    return content
  }
  const stop = (signal: NodeJS.Signals) => {
    command.process.kill(signal)
    return command.ended
  }
  return {
    command,
    dataDirectory,
    url: run().ingress?.url ?? "",
    run,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop("SIGTERM")
    },
  }
}

/** Returns the URL under which a user reaches the embedded log of a run. */
export const logUrlOf = (sluice: RunningSluice, user: NatsUser): string => {
  const access = readAccess(sluice.dataDirectory)
  if (access === undefined) throw new Error("the data directory has no access.json")
  return urlAs(sluice.run().nats?.url ?? "", user, access.nats)
}

/** Lists the processes that were started with a text among their arguments. */
export const processesOn = (text: string): ReadonlyArray<number> =>
  process.platform === "linux"
    ? globSync("/proc/[0-9]*/cmdline")
        .filter((file) => argumentsIn(file).includes(text))
        .map((file) => Number(file.split("/")[2]))
    : execFileSync("ps", ["-A", "-o", "pid=,command="], { encoding: "utf8" })
        .split("\n")
        .filter((line) => line.includes(text))
        .map((line) => Number.parseInt(line, 10))

const argumentsIn = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    // It ended in this instant.
    return ""
  }
}

/** Lists the processes of a run, the one that looks after the others first. */
export const processesOf = (run: RunFile): ReadonlyArray<KnownProcess> =>
  [run, run.nats?.process, run.ingress, run.projector, run.simulator].flatMap((one) =>
    one === null || one === undefined ? [] : [{ pid: one.pid, identity: one.identity }],
  )

/** Lists those that still run. */
export const stillRunning = (known: ReadonlyArray<KnownProcess>): ReadonlyArray<KnownProcess> =>
  known.filter(isStillRunning)

/** Asks for a completion as the README does. */
export const askForCompletion = (
  url: string,
  more: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({
      model: "demo-gpt",
      max_tokens: 3,
      messages: [{ role: "user", content: "hello" }],
      ...more,
    }),
  })
