import { once } from "node:events"
import { print } from "@sluice/infra/terminal/print.ts"
import { replayActor, type ReplayedState, type ReplayedStep } from "@sluice/replay/replay-actor.ts"
import { everything, type Until } from "@sluice/replay/until.ts"
import { Effect } from "effect"
import { type LogLocation, logToRead } from "../archive/log-at.ts"
import { CommandFailed, failedWith } from "../failure.ts"
import { closedPipe } from "../pipe.ts"
import { factLine } from "../tail/fact-line.ts"
import { changeLines, stateText } from "./state-text.ts"

/** What is asked of a history; absent times are the head. */
export interface ReplayOptions extends LogLocation {
  readonly actor: string
  readonly atMs: number | undefined
  readonly version: number | undefined
  readonly fromMs: number | undefined
  readonly toMs: number | undefined
  readonly follow: boolean
  readonly json: boolean
}

/** Shows an actor as it was, and what changed it from there on. Fails: with one line. Source: R1. */
export const replay = Effect.fnUntraced(function* (options: ReplayOptions) {
  const problem = problemOf(options)
  if (problem !== undefined) return yield* new CommandFailed({ message: problem })
  const { log } = yield* logToRead(options)
  const closed = closedPipe()
  yield* Effect.tryPromise({
    try: async (signal) => {
      let steps = 0
      for await (const shown of replayActor(log, requestOf(options, AbortSignal.any([signal, closed])))) {
        if (closed.aborted) return
        if (shown.kind === "step") steps += 1
        else if (options.fromMs !== undefined && !options.json) continue
        if (!print(textOf(shown, options.json))) await drained(closed)
      }
      if (options.fromMs !== undefined && steps === 0 && !options.follow)
        throw new CommandFailed({ message: `nothing happened to ${options.actor} in that time` })
    },
    catch: failedWith,
  })
}, Effect.scoped)

/** Resolves when there is room for more, or nobody wants it. */
const drained = async (closed: AbortSignal): Promise<void> => {
  await once(process.stdout, "drain").catch((error: unknown) => {
    if (!closed.aborted) throw error
  })
}

const problemOf = ({ atMs, version, fromMs, toMs, follow }: ReplayOptions): string | undefined => {
  const starts = [atMs, version, fromMs].filter((given) => given !== undefined)
  if (starts.length > 1) return "only one of --at, --version and --from can be given"
  if (toMs !== undefined && fromMs === undefined) return "--to needs --from"
  if (toMs !== undefined && follow) return "--follow has no end: leave --to out"
  if (fromMs !== undefined && toMs !== undefined && toMs < fromMs) return "--to lies before --from"
  return undefined
}

const requestOf = (options: ReplayOptions, signal: AbortSignal) => {
  const { actor, atMs, version, fromMs, toMs, follow } = options
  // What happens in the first instant of a range belongs to it.
  const beforeMs = fromMs === undefined ? undefined : fromMs - 1
  const until: Until = { ...everything, atMs: atMs ?? beforeMs ?? Infinity, version: version ?? Infinity }
  return {
    actor,
    until,
    stepsUntilMs: fromMs === undefined ? undefined : (toMs ?? Infinity),
    follow: follow ? signal : undefined,
  }
}

const textOf = (shown: ReplayedState | ReplayedStep, json: boolean): string => {
  if (json) return `${JSON.stringify(shown)}\n`
  const look = { colours: process.stdout.isTTY && process.stdout.hasColors() }
  if (shown.kind === "state") return `${stateText(shown, look)}\n`
  const { fact, version, value, context } = shown
  return `${factLine(fact, { ...look, isUtc: true })} version=${version}\n${changeLines([...value, ...context], look)}`
}
