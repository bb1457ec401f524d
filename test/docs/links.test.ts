import { existsSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../tidy/source-file.ts"
import { anchorsOf, linksOf, markdownPages, undefinedNamesOf } from "./markdown.ts"

const pages = markdownPages()

test("every link of a page leads to a file and a heading that are there", () => {
  const anchors = new Map(pages.map((page) => [page.path, anchorsOf(page)]))
  const dead = pages.flatMap((page) =>
    linksOf(page)
      .filter(({ path, anchor }) => {
        if (!existsSync(join(root, path))) return true
        return anchor !== undefined && anchors.get(path)?.has(anchor) !== true
      })
      .map(({ path, anchor }) => `${page.path}: ${path}${anchor === undefined ? "" : `#${anchor}`}`),
  )
  expect(dead).toEqual([])
})

test("every link by name has a definition on its page", () => {
  const undefinedNames = pages.flatMap((page) =>
    undefinedNamesOf(page).map((name) => `${page.path}: [${name}]`),
  )
  expect(undefinedNames).toEqual([])
})

test("every page of docs is linked from docs/README.md", () => {
  const linked = new Set(
    pages
      .filter(({ path }) => path === "docs/README.md")
      .flatMap(linksOf)
      .map(({ path }) => path),
  )
  const docs = pages
    .map(({ path }) => path)
    .filter((path) => path.startsWith("docs/") && path !== "docs/README.md")
  expect(docs.filter((path) => !linked.has(path))).toEqual([])
})

test("a dead link, a dead anchor and a name without a definition are found", () => {
  const prose = "# A page\n\n[one](other.md#a-page), [two](#a-page), [three][x]\n\n[y]: ../README.md\n"
  const page = { path: "docs/page.md", prose }
  expect([...anchorsOf(page)]).toEqual(["a-page"])
  expect(linksOf(page)).toEqual([
    { path: "docs/other.md", anchor: "a-page" },
    { path: "docs/page.md", anchor: "a-page" },
    { path: "README.md", anchor: undefined },
  ])
  expect(undefinedNamesOf(page)).toEqual(["x"])
})
