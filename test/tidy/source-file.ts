import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { type ESTree, parseSync } from "vite"

/** The folder of this repository. */
export const root = join(import.meta.dirname, "../..")

/** What the tidy tests need to know of a file of code. Units: lines are counted from 1. */
export interface SourceFile {
  /** Below the repository. */
  readonly path: string
  readonly text: string
  readonly lineCount: number
  /** A test, or what tests share: whatever stands in `test/` or in a folder `testing` or `properties`. */
  readonly isTest: boolean
  readonly comments: ReadonlyArray<string>
  /** What it imports from, statically or not. */
  readonly imports: ReadonlyArray<string>
  /** What it exports on behalf of another file. */
  readonly passedOn: ReadonlyArray<string>
  readonly exports: ReadonlyArray<{ readonly name: string; readonly isDocumented: boolean }>
  readonly functions: ReadonlyArray<{ readonly line: number; readonly lineCount: number }>
}

/** Folders that hold nothing of the repository itself. */
const foreign = new Set(["node_modules", ".git", ".nx", ".tools", "data", "coverage"])

/** Returns the paths of all files of the repository that match, whether git knows them yet or not. */
export const repositoryFiles = (pattern: string): ReadonlyArray<string> =>
  globSync(pattern, { cwd: root, exclude: (path) => foreign.has(basename(path)) }).toSorted()

/** Returns every file of code of the repository, parsed. */
export const sourceFiles = (): ReadonlyArray<SourceFile> =>
  repositoryFiles("**/*.{ts,tsx,mjs}").map(readSource)

const readSource = (path: string): SourceFile => {
  const text = readFileSync(join(root, path), "utf8")
  return { path, text, ...describeSource(path, text) }
}

/** Tells what the tidy tests need to know of a text in TypeScript. Fails: throws when it cannot be parsed. */
export const describeSource = (path: string, text: string): Omit<SourceFile, "path" | "text"> => {
  const { program, module, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const statements = module.staticExports
  return {
    lineCount: lineAt(text, text.trimEnd().length),
    isTest: /^test\/|\/(testing|properties)\/|\.test\.ts$/.test(path),
    comments: comments.map((comment) => comment.value),
    imports: [
      ...module.staticImports.map((statement) => statement.moduleRequest.value),
      ...requestsOf(statements),
      ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1)),
    ],
    passedOn: requestsOf(statements),
    exports: statements.flatMap(({ start, entries }) => {
      const isDocumented = comments.some(
        ({ type, value, end }) =>
          type === "Block" && value.startsWith("*") && text.slice(end, start).trim() === "",
      )
      const own = entries.filter((entry) => entry.moduleRequest === null)
      return own.map((entry) => ({ name: entry.exportName.name ?? "default", isDocumented }))
    }),
    functions: functionsIn(program).map(({ start, end }) => ({
      line: lineAt(text, start),
      lineCount: lineAt(text, end) - lineAt(text, start) + 1,
    })),
  }
}

type ExportStatement = { entries: ReadonlyArray<{ moduleRequest: { value: string } | null }> }

const requestsOf = (statements: ReadonlyArray<ExportStatement>): ReadonlyArray<string> =>
  statements.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []))

const lineAt = (text: string, position: number): number => text.slice(0, position).split("\n").length

const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

/** Every function of a program, except for those that only hold the tests of a `describe`. */
const functionsIn = (program: ESTree.Program): ReadonlyArray<{ start: number; end: number }> => {
  const found: Array<{ start: number; end: number }> = []
  const visit = (value: unknown, isSuite: boolean): void => {
    if (Array.isArray(value)) for (const one of value) visit(one, isSuite)
    if (!isNode(value)) return
    if (functionTypes.has(value.type) && !isSuite) found.push(value)
    const holdsTests = value.type === "CallExpression" && nameOf(value["callee"]) === "describe"
    for (const [field, child] of Object.entries(value)) visit(child, holdsTests && field === "arguments")
  }
  visit(program, false)
  return found
}

/** The name at the root of `describe`, `describe.each(…)` and the like. */
const nameOf = (callee: unknown): unknown => {
  if (!isNode(callee)) return undefined
  return callee["name"] ?? nameOf(callee["object"]) ?? nameOf(callee["callee"])
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"
