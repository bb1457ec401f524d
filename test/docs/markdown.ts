import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { repositoryFiles, root } from "../tidy/source-file.ts"

/** A page of the documentation. */
export interface Page {
  /** Below the repository. */
  readonly path: string
  readonly text: string
  /** The text without fenced blocks, where nothing is a link or a heading. */
  readonly prose: string
}

const inlineCode = /`[^`\n]*`/gu
const fence = /^ *```[^]*?^ *```/gmu

/** Returns every page of Markdown in the repository. */
export const markdownPages = (): ReadonlyArray<Page> =>
  repositoryFiles("**/*.md").map((path) => {
    const text = readFileSync(join(root, path), "utf8")
    return { path, text, prose: text.replace(fence, "") }
  })

/** Returns the anchors of a page's headings, as GitHub makes them. */
export const anchorsOf = ({ prose }: Pick<Page, "prose">): ReadonlySet<string> => {
  const counts = new Map<string, number>()
  const headings = [...prose.matchAll(/^#{1,6} +(.+?) *$/gmu)].map(([, heading = ""]) => {
    const anchor = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/gu, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-")
    const count = counts.get(anchor) ?? 0
    counts.set(anchor, count + 1)
    return count === 0 ? anchor : `${anchor}-${count}`
  })
  return new Set(headings)
}

/** A link of a page to something in the repository. Shape: `path` is below the repository. */
export interface Link {
  readonly path: string
  readonly anchor: string | undefined
}

/** Returns the links of a page that lead to other places of the repository: inline ones, and those that are defined by name. */
export const linksOf = ({ path, prose: written }: Pick<Page, "path" | "prose">): ReadonlyArray<Link> => {
  const prose = written.replace(inlineCode, "")
  const inline = [...prose.matchAll(/\]\(([^()\s]+)\)/gu)]
  const defined = [...prose.matchAll(/^\[[^\]]+\]: +(\S+)$/gmu)]
  return [...inline, ...defined].flatMap(([, target = ""]) => {
    if (/^[a-z]+:/u.test(target)) return []
    const [file = "", anchor] = target.split("#")
    return [{ path: file === "" ? path : join(dirname(path), file), anchor }]
  })
}

/** Returns the names that a page uses in `[text][name]` or `[name]` of those it defines nowhere. Shape: names as they are written. */
export const undefinedNamesOf = ({ prose: written }: Pick<Page, "prose">): ReadonlyArray<string> => {
  const prose = written.replace(inlineCode, "")
  const defined = new Set(
    [...prose.matchAll(/^\[([^\]]+)\]: /gmu)].map(([, name = ""]) => name.toLowerCase()),
  )
  return [...prose.matchAll(/\]\[([^\]]+)\]/gu)]
    .map(([, name = ""]) => name)
    .filter((name) => !defined.has(name.toLowerCase()))
}
