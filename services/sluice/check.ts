import { styleText } from "node:util"
import { checkConfiguration } from "@sluice/infra/configuration/check-configuration.ts"
import { Effect } from "effect"

/** Checks a configuration file and prints what was found; the exit status is 1 where the file cannot be used. Source: S4. */
export const check = Effect.fnUntraced(function* (file: string, json: boolean) {
  const checked = yield* checkConfiguration(file)
  if (!checked.ok) process.exitCode = 1
  if (json) {
    process.stdout.write(`${JSON.stringify(checked)}\n`)
    return
  }
  for (const problem of checked.problems) process.stderr.write(`${problem}\n`)
  for (const warning of checked.warnings)
    process.stderr.write(`${styleText("yellow", "warning:", { stream: process.stderr })} ${warning}\n`)
  if (!checked.ok) return
  process.stdout.write(`${styleText("green", `${file} is valid`)}\n${checked.summary.join("\n")}\n`)
})
