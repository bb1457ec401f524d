import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../tidy/source-file.ts"
import { markdownPages } from "./markdown.ts"

const texts = markdownPages().filter(({ path }) => path !== "CHANGELOG.md")

const citedBy = (pattern: RegExp): ReadonlyArray<{ readonly path: string; readonly name: string }> =>
  texts.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(([, name = ""]) => ({ path, name })))

test("every command of sluice that a page names is one", () => {
  const main = join(root, "services/sluice/main.ts")
  const help = execFileSync(process.execPath, [main, "--help"], { encoding: "utf8" })
  const cited = citedBy(/npx sluice ([a-z][a-z-]*)/gu)
  expect(cited.length).toBeGreaterThan(20)
  const known = new Set([...help.matchAll(/^\s+([a-z][a-z-]*)\s{2,}/gmu)].map(([, name]) => name))
  expect(cited.filter(({ name }) => !known.has(name))).toEqual([])
})

test("every script of npm that a page names is one", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }
  const cited = citedBy(/npm run ([a-z][a-z:-]*)/gu)
  expect(cited.length).toBeGreaterThan(5)
  expect(cited.filter(({ name }) => !(name in scripts))).toEqual([])
})
