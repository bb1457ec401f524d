import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { closeSync, globSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, join, resolve } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Schema } from "effect"
import { findNatsServer, oldestNatsServer } from "../bootstrap/find-nats-server.mjs"
import { lockDirectory } from "../directory-lock/directory-lock.ts"
import { errorText } from "../process/error-text.ts"
import { plainEnvironment } from "../process/plain-environment.ts"
import { holdOnLeash } from "./leash.ts"
import { endOrphan, noteServer } from "./orphan.ts"
import { authorizationOf, type NatsPasswords } from "./users.ts"

/** What an embedded `nats-server` is started with. */
export interface NatsServerOptions {
  /** Its own directory: store, configuration, log. */
  readonly dataDir: string
  /** 0 lets the system choose a free one. */
  readonly port: number
  /** When the store is synced to disk: each second (default), or before each acknowledgement (L8). */
  readonly fsync?: "1s" | "always"
  /** Default: `nats-server.log` in `dataDir`. */
  readonly logFile?: string
  /** Who is let in. Absent: whoever reaches the port, for a server that holds nothing of anyone. */
  readonly passwords?: NatsPasswords
}

/** An embedded `nats-server` that accepts connections; disposing of it stops it. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly process: ChildProcess
  /** Resolves when it is gone, stopped or not. */
  readonly exited: Promise<ServerEnd>
  /** Ends it, by force if it takes longer than ten seconds, and gives its directory free. */
  stop(): Promise<void>
}

/** How an embedded `nats-server` ended. */
export interface ServerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** No `nats-server` could be started: none is installed, or it ended before it was ready. */
export class NatsServerFailed extends Schema.TaggedError<NatsServerFailed>()("NatsServerFailed", {
  reason: Schema.String,
}) {
  override get message(): string {
    return this.reason
  }
}

/** A commit holds at most 256 KiB (L6), a checkpoint of a channel with many accounts more. */
const maxPayloadBytes = 8 * 1024 * 1024
const logFileBytes = 16 * 1024 * 1024
const readyTimeoutMs = 60_000
const readyPollMs = 5
const stopTimeoutMs = 10_000
/**
 * What it has where `GOMAXPROCS` says nothing else: half of the machine, the rest is for those who write and read.
 *
 * Where each hand-over between its threads wakes another processor, a commit takes a tenth longer and a quarter more work.
 */
const processors = String(Math.ceil(availableParallelism() / 2))

/**
 * Starts a `nats-server` with JetStream on the loopback interface as a child process and waits until it accepts connections.
 *
 * The directory is locked while it runs, because the server itself lets a second one write to the same store. It ends within seconds of this process, however that ends; one that is still there is ended first (S2).
 * Fails: rejects with `NatsServerFailed`, or with `DirectoryInUse` when the directory is held.
 * Source: L7, L8; nats-server 2.15.1.
 */
export const startNatsServer = async (options: NatsServerOptions): Promise<NatsServer> => {
  const binary = findNatsServer()
  if (binary === undefined) {
    const reason = `no nats-server of version ${oldestNatsServer} or newer was found: run "npm run setup" once`
    throw new NatsServerFailed({ reason })
  }
  const dataDir = resolve(options.dataDir)
  const lock = lockDirectory(dataDir)
  try {
    const configurationFile = join(dataDir, "nats-server.conf")
    await endOrphan(dataDir)
    const logFile = resolve(options.logFile ?? join(dataDir, "nats-server.log"))
    // A new file, since the mode of one that is there stays as it was: passwords stand in it.
    rmSync(configurationFile, { force: true })
    writeFileSync(configurationFile, configurationOf(dataDir, logFile, options), { mode: 0o600 })
    return await launch({ binary, dataDir, configurationFile, logFile, lock })
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

/** The server's own format takes JSON. */
const configurationOf = (dataDir: string, logFile: string, options: NatsServerOptions): string =>
  JSON.stringify(
    {
      host: "127.0.0.1",
      port: options.port === 0 ? -1 : options.port,
      max_payload: maxPayloadBytes,
      jetstream: { store_dir: dataDir, sync_interval: options.fsync ?? "1s" },
      ports_file_dir: dataDir,
      log_file: logFile,
      logfile_size_limit: logFileBytes,
      logfile_max_num: 3,
      ...(options.passwords === undefined ? {} : { authorization: authorizationOf(options.passwords) }),
    },
    null,
    2,
  )

interface Launch {
  readonly binary: string
  readonly dataDir: string
  readonly configurationFile: string
  readonly logFile: string
  readonly lock: Disposable
}

const launch = async (what: Launch): Promise<NatsServer> => {
  for (const old of globSync("*.ports", { cwd: what.dataDir })) rmSync(join(what.dataDir, old))
  // A file, not a pipe, which would break with this process and take the server along.
  const output = openSync(what.logFile, "a")
  const logStart = statSync(what.logFile).size
  const child = spawn(what.binary, ["-c", what.configurationFile], {
    stdio: ["ignore", output, output],
    // A process group of its own: Ctrl-C in a terminal must not end it before those that still write to it.
    detached: true,
    env: { GOMAXPROCS: processors, ...plainEnvironment() },
  })
  closeSync(output)
  const exited = once(child, "exit").then(([code, signal]): ServerEnd => ({ code, signal }))
  const leash = holdOnLeash(child.pid ?? 0)
  void exited.finally(() => {
    leash[Symbol.dispose]()
    what.lock[Symbol.dispose]()
  })
  const stop = () => stopServer(child, exited)
  try {
    const pid = child.pid ?? 0
    noteServer(what.dataDir, pid)
    const portsFile = join(what.dataDir, `${basename(what.binary)}_${child.pid}.ports`)
    const url = await readyUrl(child, portsFile)
    return {
      url,
      port: Number(new URL(url).port),
      pid,
      process: child,
      exited,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    const cause = errorText(error)
    const log = readFileSync(what.logFile).subarray(logStart).toString()
    throw new NatsServerFailed({ reason: `${cause}: ${lastLines(log)}` })
  }
}

/** The server writes this file once it accepts connections, which is after it has read its store. */
const readyUrl = async (child: ChildProcess, portsFile: string): Promise<string> => {
  const deadline = performance.now() + readyTimeoutMs
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error("nats-server ended at its start")
    const content = statSync(portsFile, { throwIfNoEntry: false }) ? readFileSync(portsFile, "utf8") : ""
    const url = /"(nats:\/\/[^"]+)"/.exec(content)?.[1]
    if (url !== undefined) return url
    await pause(readyPollMs)
  }
  throw new Error(`nats-server was not ready after ${readyTimeoutMs} ms`)
}

const stopServer = async (child: ChildProcess, exited: Promise<ServerEnd>): Promise<void> => {
  const force = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs)
  child.kill("SIGTERM")
  await exited
  clearTimeout(force)
}

/** What the log says at its end, without times and pids; errors alone if there are any. */
const lastLines = (log: string): string => {
  const lines = log.split("\n").filter((line) => line.trim() !== "")
  const errors = lines.filter((line) => /\[(ERR|FTL)\]/.test(line))
  const told = (errors.length > 0 ? errors : lines).slice(-3)
  return told
    .map((line) => line.replace(/^\[\d+\] \S+ \S+ \[\w+\] /, "").replace(/^nats-server: /, ""))
    .join("; ")
}
