import { basename } from "node:path"
import { readConfiguration } from "@sluice/infra/configuration/configuration.ts"
import { formatProblem } from "@sluice/infra/configuration/problem.ts"
import { print, printError } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { differencesOf } from "@sluice/simulation/what-if/check-of-itself.ts"
import { type OnProgress, readRecording, whatIf as compare } from "@sluice/simulation/what-if/what-if.ts"
import { Effect, Result } from "effect"
import { type LogLocation, logToRead } from "../archive/log-at.ts"
import { showProgress } from "../archive/progress.ts"
import { CommandFailed, failedWith } from "../failure.ts"
import type { ProgressBar } from "../progress-bar.ts"
import { formatOutcomes } from "./format-outcomes.ts"

/** What is run, and how it is shown. */
export interface WhatIfOptions extends LogLocation {
  readonly configFile: string
  /** Units: since the epoch; `null` = no bound. */
  readonly fromMs: number | null
  readonly toMs: number | null
  readonly seed: number
  readonly json: boolean
}

/** In virtual time no secret is needed: a variable that is not set here stands for itself. */
const withheld = new Proxy(process.env, { get: (set, name) => set[String(name)] ?? String(name) })

/** Runs recorded demand under another configuration and prints what came of it. Fails: with one line, or with what is wrong with the configuration, a line each. Source: R4. */
export const whatIf = Effect.fnUntraced(function* (options: WhatIfOptions) {
  const { configFile, fromMs, toMs, seed } = options
  if (fromMs !== null && toMs !== null && fromMs > toMs)
    return yield* new CommandFailed({ message: "--from is after --to" })
  const read = yield* Effect.result(readConfiguration(configFile, withheld))
  if (Result.isFailure(read)) {
    process.exitCode = 1
    for (const problem of read.failure.problems)
      printError(`${visible(formatProblem(configFile, problem))}\n`)
    return
  }
  const { wanted: other, prices } = read.success
  const { log } = yield* logToRead(options)
  const progress = yield* Effect.acquireRelease(Effect.sync(createProgress), ({ end }) => Effect.sync(end))
  const { onProgress } = progress
  const { span, ...compared } = yield* Effect.tryPromise({
    try: async (signal) => {
      const recording = await readRecording(log, { wanted: { fromMs, toMs }, signal, onProgress })
      const outcomes = await compare({ recording, other, prices, seed, signal, onProgress })
      return { span: recording.span, ...outcomes }
    },
    catch: failedWith,
  })
  progress.end()
  const differences = differencesOf(compared.recorded, compared.again)
  if (options.json) {
    const told = { config: configFile, seed, ...span, ...compared, differences }
    print(`${JSON.stringify(told)}\n`)
    return
  }
  const colours = process.stdout.isTTY && process.stdout.hasColors()
  const table = { ...compared, span, seed, name: basename(configFile), differences }
  print(formatOutcomes(table, colours))
}, Effect.scoped)

const steps = 1_000

/** One bar after the other. */
const createProgress = (): { readonly onProgress: OnProgress; readonly end: () => void } => {
  let shown: { readonly work: string; readonly progress: ProgressBar } | undefined
  const end = (): void => {
    shown?.progress.end()
    shown = undefined
  }
  return {
    end,
    onProgress: (work, share) => {
      if (shown?.work !== work) {
        end()
        shown = { work, progress: showProgress(work) }
      }
      shown.progress.update(Math.round(share * steps), steps)
    },
  }
}
