import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { repositoryFiles, root } from "../tidy/source-file.ts"
import { markdownPages } from "./markdown.ts"

const pages = markdownPages()

/** The ids of all rules, in the order in which they stand. */
const ruleIds = pages
  .filter(({ path }) => path.startsWith("docs/rules/"))
  .flatMap(({ prose }) => [...prose.matchAll(/^### ([A-Z]\d+)\. /gmu)].map(([, id = ""]) => id))

const letters = [...new Set(ruleIds.map((id) => id.charAt(0)))].join("")

/** Code, tests, scenarios, statements and the other pages: whatever may cite a rule. */
const citing = repositoryFiles("**/*.{ts,mjs,sql,yaml}")
  .filter((path) => !path.startsWith("test/docs/"))
  .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))

const citationsIn = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(new RegExp(String.raw`(?<![\w.-])[${letters}]\d{1,2}(?![\w.]?\w)`, "gu"))].map(
    ([id]) => id,
  )

test("no rule stands twice", () => {
  expect(ruleIds.filter((id, nth) => ruleIds.indexOf(id) !== nth)).toEqual([])
})

test("every rule that code, tests, output or a page cites exists", () => {
  const known = new Set(ruleIds)
  const unknown = [...citing, ...pages].flatMap(({ path, text }) =>
    citationsIn(text)
      .filter((id) => !known.has(id))
      .map((id) => `${path}: ${id}`),
  )
  expect(unknown).toEqual([])
})

test("every rule is cited by code or a test", () => {
  const cited = new Set(citing.flatMap(({ text }) => citationsIn(text)))
  expect(ruleIds.filter((id) => !cited.has(id))).toEqual([])
})

test("docstrings name their source as a rule, or as a page that is there", () => {
  const named = citing.flatMap(({ path, text }) =>
    [...text.matchAll(/Source:[^*\n]*?\b((?:docs\/)?[\w/-]+\.md)\b/gu)].map(([, page = ""]) => ({
      path,
      page,
    })),
  )
  const known = new Set(pages.map(({ path }) => path))
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter(({ page }) => !known.has(page))).toEqual([])
})
