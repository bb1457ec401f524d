import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { getCompileCacheDir } from "node:module"
import { fileURLToPath } from "node:url"
import { after } from "@sluice/infra/clock/clock.ts"
import type { FailingWrites } from "@sluice/infra/event-log/failing-writes.ts"
import { Effect } from "effect"
import { askChild } from "./asked-child.ts"
import { type Part, PartFailed, type RunningPart } from "./part.ts"
import { untilSilent } from "./silence.ts"

/** How a service of this repository is run in a process of its own. */
export interface NodePartOptions<Info> {
  readonly name: string
  /** The module, as it is imported: `@sluice/ingress/main.ts`. */
  readonly script: string
  readonly args: ReadonlyArray<string>
  /** What Node itself is told. */
  readonly nodeFlags?: ReadonlyArray<string>
  /** All that it finds in its environment: no part has the secrets of another. */
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** A file descriptor of this process that the service finds as its own `inheritedFd`. */
  readonly inherited?: number | undefined
  /** Reads what the service told over its channel; `undefined` for anything but that it is ready. */
  readonly readReady: (message: object) => Info | undefined
  /** How long it may leave the question whether it works unanswered; absent: it is not asked. */
  readonly silentMs?: number
  /** Hears with each answer whether its writes to the log are taken, and `null` when it has ended. */
  readonly onWrites?: (failing: FailingWrites | null) => void
  /** How long an end may take before it is forced. */
  readonly stopTimeoutMs: number
  /** Runs before it is asked to end. */
  readonly beforeStop?: (info: Info) => Effect.Effect<void>
  /** An end has to be forced at once. */
  readonly hurry: AbortSignal
}

/** Where a service finds the file descriptor that it inherits: behind its streams and its channel. */
export const inheritedFd = 4

const readyTimeoutMs = 60_000
const startingStopTimeoutMs = 2_000

/**
 * Makes a part of a service: it tells over an IPC channel when it is ready, or why it cannot be, and ends when that channel does.
 *
 * It has a process group of its own, so that Ctrl-C in a terminal does not reach it before those that need it have ended.
 */
export const nodePart = <Info>(options: NodePartOptions<Info>): Part<Info> => ({
  name: options.name,
  start: Effect.callback<RunningPart<Info>, PartFailed>((resume) => {
    const child = spawn(
      process.execPath,
      [...(options.nodeFlags ?? []), scriptFile(options.script), ...options.args],
      {
        // The lines that a service logs go to stderr; what it announces on stdout is for whoever starts it alone.
        stdio: [
          "ignore",
          "ignore",
          "inherit",
          "ipc",
          ...(options.inherited === undefined ? [] : [options.inherited]),
        ],
        detached: true,
        env: { ...inheritedByAll(), ...options.environment },
      },
    )
    const answers = askChild(child, options.onWrites)
    let isOver = false
    const over = () => {
      isOver = true
      clearTimeout(tooLate)
    }
    const fail = (reason: string) => {
      if (isOver) return
      over()
      child.kill("SIGKILL")
      resume(Effect.fail(new PartFailed({ part: options.name, reason })))
    }
    const tooLate = setTimeout(
      () => fail(`${options.name} was not ready within ${readyTimeoutMs / 1000} s`),
      readyTimeoutMs,
    )
    child.once("error", (error) => fail(`${options.name} could not be started: ${error.message}`))
    // What it told of its end may still be on its way when it has ended.
    child.once("exit", () => {
      const report = () => fail(`${options.name} ended before it was ready (${howEnded(child)})`)
      if (child.connected) child.once("disconnect", report)
      else report()
    })
    child.on("message", (message) => {
      if (isOver || typeof message !== "object" || message === null) return
      if ("failed" in message && typeof message.failed === "string") return fail(message.failed)
      const info = options.readReady(message)
      if (info === undefined) return undefined
      over()
      return resume(Effect.succeed(runningPart(child, info, { ...options, answers })))
    })
    return Effect.promise(() => {
      over()
      return end(child, startingStopTimeoutMs, options.hurry)
    })
  }),
})

/** What makes a second start quick, and the lines of a service on a terminal as colourful as those of this process. */
const inheritedByAll = (): NodeJS.ProcessEnv => ({
  NODE_COMPILE_CACHE: getCompileCacheDir(),
  ...(process.stderr.isTTY && process.stderr.hasColors() ? { FORCE_COLOR: "1" } : {}),
})

/** Returns the file of a module of this repository, as it is imported. */
export const scriptFile = (script: string): string => fileURLToPath(import.meta.resolve(script))

interface AnsweringChild {
  readonly answers: Effect.Effect<void>
}

const runningPart = <Info>(
  child: ChildProcess,
  info: Info,
  { stopTimeoutMs, silentMs, beforeStop, hurry, answers }: NodePartOptions<Info> & AnsweringChild,
): RunningPart<Info> => {
  const exited = endOf(child)
  const forced = Effect.promise(() => {
    child.kill("SIGKILL")
    return exited
  })
  return {
    pid: child.pid ?? 0,
    info,
    ended: Effect.map(
      Effect.promise(() => exited),
      () => howEnded(child),
    ),
    broken:
      silentMs === undefined
        ? Effect.never
        : Effect.map(untilSilent(answers, silentMs), (reason) => ({ reason, end: forced })),
    stop: Effect.andThen(
      hurry.aborted ? Effect.void : (beforeStop?.(info) ?? Effect.void),
      Effect.promise(() => end(child, stopTimeoutMs, hurry)),
    ),
  }
}

/** Asks a process to end, and ends it by force when its time is over or someone is in a hurry. */
const end = async (child: ChildProcess, timeoutMs: number, hurry: AbortSignal): Promise<void> => {
  const exited = endOf(child)
  child.kill("SIGTERM")
  const { promise: force, resolve } = Promise.withResolvers<void>()
  const cancel = after(hurry.aborted ? 0 : timeoutMs, resolve)
  hurry.addEventListener("abort", () => resolve())
  await Promise.race([exited, force])
  cancel()
  if (!hasEnded(child)) child.kill("SIGKILL")
  await exited
}

const endOf = async (child: ChildProcess): Promise<void> => {
  if (!hasEnded(child)) await once(child, "exit")
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const howEnded = ({ exitCode, signalCode }: ChildProcess): string =>
  signalCode === null ? `exit status ${exitCode}` : `signal ${signalCode}`
