import { resolve } from "node:path"
import { styleText } from "node:util"
import { print } from "@sluice/infra/terminal/print.ts"
import type { RunFile } from "../run-file.ts"
import { demoModels } from "./demo.ts"

/** Says on stdout that everything runs: on a terminal with what to try next, else in one line. Source: S2. */
export const welcome = (started: {
  readonly run: RunFile
  readonly dataDirectory: string
  readonly isDemo: boolean
}): void => {
  const url = started.run.ingress?.url ?? ""
  print(
    process.stdout.isTTY
      ? `${block(started, url).join("\n")}\n`
      : `ready: ${url} (data in ${started.dataDirectory})\n`,
  )
}

const block = (
  { run, dataDirectory, isDemo }: Parameters<typeof welcome>[0],
  url: string,
): ReadonlyArray<string> => {
  const label = (text: string) => styleText("dim", text.padEnd(11))
  const command = (text: string) => styleText("cyan", text)
  const where = dataDirectory === resolve("data") ? "" : ` --data ${dataDirectory}`
  const looks = ["query usage", "query waits", "tail"].map((look) => command(`npx sluice ${look}${where}`))
  return [
    "",
    `  ${styleText(["bold", "green"], "Sluice is ready")} at ${styleText("bold", url)}`,
    "",
    ...(isDemo
      ? [
          `  ${label("demo")}${demoModels.join(", ")} (simulated providers; --config FILE for real ones)`,
          `  ${label("try")}${command(`curl ${url}/v1/chat/completions -H 'content-type: application/json' \\`)}`,
          `  ${label("")}  ${command(`-d '{"model":"demo-gpt","messages":[{"role":"user","content":"hello"}]}'`)}`,
        ]
      : [`  ${label("serves")}${run.configuration}`]),
    ...looks.map((look, at) => `  ${label(at === 0 ? "look" : "")}${look}`),
    `  ${label("data")}${dataDirectory}`,
    `  ${label("stop")}Ctrl-C`,
    "",
    "",
  ]
}
