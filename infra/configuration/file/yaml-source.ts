import { type Document, isAlias, isMap, isNode, isSeq, LineCounter, parseDocument, visit } from "yaml"
import { type Finding, formatPath, type Path, type Problem } from "../problem.ts"

/** A YAML text: what it says, what is wrong with its form, and where in it each thing stands. */
export interface YamlSource {
  readonly value: unknown
  readonly problems: ReadonlyArray<Problem>
  /** Returns a finding its line and column; what is not there is placed at the map that lacks it. */
  readonly locate: (finding: Finding) => Problem
}

/** Parses strict YAML: unique keys, one document, aliases but no unknown tags. */
export const parseYaml = (text: string): YamlSource => {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    strict: true,
    uniqueKeys: true,
  })
  const problems = [...document.errors, ...document.warnings].map(({ message, pos }) =>
    formProblem(message, lines.linePos(pos[0])),
  )
  const locate = ({ path, atKey = false, value, expected, message }: Finding): Problem => {
    const { line, col } = lines.linePos(offsetOf(document, path, atKey))
    return { path: formatPath(path), line, column: col, value, expected, message }
  }
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return
      problems.push(
        formProblem("No anchor of this alias stands before it", lines.linePos(startOf(alias) ?? 0)),
      )
    },
  })
  if (problems.length > 0) return { value: undefined, problems, locate }
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) as unknown, problems, locate }
  } catch {
    // The one thing that still fails here is an alias that multiplies itself beyond the count above.
    return {
      value: undefined,
      problems: [formProblem("Aliases repeat too often", { line: 1, col: 1 })],
      locate,
    }
  }
}

const formProblem = (
  message: string,
  { line, col }: { readonly line: number; readonly col: number },
): Problem => ({
  path: "",
  line,
  column: col,
  value: null,
  expected: "YAML",
  // What follows a colon is source text, which may be a secret in the wrong place.
  message: `is not valid YAML: ${message.replace(/: .*$/su, "")}`,
})

const offsetOf = (document: Document.Parsed, path: Path, atKey: boolean): number => {
  let node: unknown = document.contents
  let offset = startOf(node) ?? 0
  for (const [depth, step] of path.entries()) {
    const container: unknown = isAlias(node) ? node.resolve(document) : node
    if (isMap(container)) {
      const pair = container.items.find(({ key }) => String(key) === String(step))
      if (pair === undefined) return offset
      const keyOffset = startOf(pair.key) ?? offset
      if (atKey && depth === path.length - 1) return keyOffset
      node = pair.value
      offset = startOf(node) ?? keyOffset
    } else if (isSeq(container)) {
      node = container.items[Number(step)]
      offset = startOf(node) ?? offset
    } else return offset
  }
  return offset
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined)
