import { styleText } from "node:util"
import { checkConfiguration } from "@sluice/infra/configuration/checks/check-configuration.ts"
import { print, printError } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect } from "effect"

/** Checks a configuration file and prints what was found; the exit status is 1 where the file cannot be used. Source: S4. */
export const check = Effect.fnUntraced(function* (file: string, json: boolean) {
  const checked = yield* checkConfiguration(file)
  if (!checked.ok) process.exitCode = 1
  if (json) {
    print(`${JSON.stringify(checked)}\n`)
    return
  }
  for (const problem of checked.problems) printError(`${visible(problem)}\n`)
  for (const warning of checked.warnings)
    printError(`${styleText("yellow", "warning:", { stream: process.stderr })} ${visible(warning)}\n`)
  if (!checked.ok) return
  const summary = checked.summary.map(visible).join("\n")
  print(`${styleText("green", `${visible(file)} is valid`)}\n${summary}\n`)
})
