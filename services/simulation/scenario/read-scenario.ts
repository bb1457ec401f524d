import { readdir, readFile } from "node:fs/promises"
import { basename, extname } from "node:path"
import { fileURLToPath } from "node:url"
import { decoderOf } from "@sluice/infra/configuration/file/shape.ts"
import { whyUnreadable } from "@sluice/infra/configuration/file/unreadable.ts"
import { parseYaml } from "@sluice/infra/configuration/file/yaml-source.ts"
import { InvalidConfiguration } from "@sluice/infra/configuration/problem.ts"
import { Result } from "effect"
import { type NamedScenario, Scenario } from "./scenario.ts"

const folder = fileURLToPath(new URL("../scenarios/", import.meta.url))
const decode = decoderOf(Scenario, "a map of about, durationS, provider and what else there is to say")

/** Lists the names of the scenarios that come with the product. */
export const scenarioNames = async (): Promise<ReadonlyArray<string>> =>
  (await readdir(folder))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml"))
    .toSorted()

/**
 * Reads a scenario: one that comes with the product by its name, any other by its file.
 *
 * Fails: rejects with `InvalidConfiguration` and everything that is wrong.
 */
export const readScenario = async (nameOrFile: string): Promise<NamedScenario> => {
  const isName = !/[./\\]/.test(nameOrFile)
  const file = isName ? `${folder}${nameOrFile}.yaml` : nameOrFile
  let text: string
  try {
    text = await readFile(file, "utf8")
  } catch (error) {
    const place = { path: "", line: 0, column: 0, value: null }
    const expected = isName ? `one of ${(await scenarioNames()).join(", ")}` : "a readable file"
    const message = isName ? `is no scenario: expected ${expected}, or a file` : whyUnreadable(error)
    throw new InvalidConfiguration({ file: nameOrFile, problems: [{ ...place, expected, message }] })
  }
  const { value, problems, locate } = parseYaml(text)
  if (problems.length > 0) throw new InvalidConfiguration({ file: nameOrFile, problems })
  const decoded = decode(value)
  if (Result.isFailure(decoded))
    throw new InvalidConfiguration({ file: nameOrFile, problems: decoded.failure.map(locate) })
  return { name: isName ? nameOrFile : basename(file, extname(file)), ...decoded.success }
}
