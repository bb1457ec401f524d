import { format } from "node:util"
import { print, printError } from "@sluice/infra/terminal/print.ts"
import type { Console } from "effect"

const say = (...said: ReadonlyArray<unknown>): void => void print(`${format(...said)}\n`)
const complain = (...said: ReadonlyArray<unknown>): void => void printError(`${format(...said)}\n`)

/** The console of the command line's own help and errors, which repeat what was typed. */
export const terminalConsole: Console.Console = Object.assign(Object.create(console), {
  log: say,
  info: say,
  warn: complain,
  error: complain,
})
