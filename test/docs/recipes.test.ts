import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseConfiguration } from "@sluice/infra/configuration/configuration.ts"
import { Effect } from "effect"
import { expect, it, test } from "vitest"
import { root } from "../tidy/source-file.ts"

const read = (path: string) => readFileSync(join(root, path), "utf8")
const recipes = read("docs/recipes.md")

const configurations = ["README.md", "docs/recipes.md"].flatMap((path) =>
  [...read(path).matchAll(/^```yaml\n([^]*?)^```/gmu)].map(([, text = ""], nth) => ({
    name: `configuration ${nth + 1} of ${path}`,
    text,
  })),
)

/** Every reference to the environment, with a value that is long enough for a client's key. */
const environmentOf = (text: string) =>
  Object.fromEntries([...text.matchAll(/env:(\w+)/gu)].map(([, name = ""]) => [name, `a-value-for-${name}`]))

it.each(configurations)("$name can be used as it is", async ({ text }) => {
  const source = { file: "sluice.yaml", text, folder: root, environment: environmentOf(text) }
  const { wanted } = await Effect.runPromise(parseConfiguration(source))
  expect(wanted.channels.length).toBeGreaterThan(0)
})

test("there is a configuration in the README, and five recipes", () => {
  expect(configurations).toHaveLength(6)
})

test("every file and folder that a recipe names is there", () => {
  const named = [...recipes.matchAll(/`((?:actors|events|infra|services|test)\/[\w./-]+)`/gu)].map(
    ([, path = ""]) => path,
  )
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
})
