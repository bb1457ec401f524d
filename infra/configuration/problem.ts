import { Schema } from "effect"

/** A place in a configuration, as keys and positions from the top. */
export type Path = ReadonlyArray<PropertyKey>

/** Something that is wrong, or odd, at one place of a configuration. It never holds a secret. */
export interface Finding {
  readonly path: Path
  /** What stands there, as it is shown; `null` where nothing does, or nothing that may be shown. */
  readonly value: string | null
  readonly expected: string
  /** The sentence about it, which names value and expectation. */
  readonly message: string
  /** True if the key is meant rather than its value. */
  readonly atKey?: boolean
}

/** A finding with its place in the file. Shape: `line` and `column` count from 1; 0 where there is no place. */
export const Problem = Schema.Struct({
  path: Schema.String,
  line: Schema.Int,
  column: Schema.Int,
  value: Schema.NullOr(Schema.String),
  expected: Schema.String,
  message: Schema.String,
})
export type Problem = typeof Problem.Type

/** Writes a path as it is spoken of: `channels[0].accounts[1].concurrency`. */
export const formatPath = (path: Path): string =>
  path
    .map((step) => {
      if (typeof step === "number") return `[${step}]`
      const name = String(step)
      return /^[\w-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
    })
    .join("")
    .replace(/^\./, "")

/** Writes a problem as one line, such as `sluice.yaml:12:7 channels[0].maxConcurrent: -3 is not valid: expected …`. */
export const formatProblem = (file: string, { path, line, column, message }: Problem): string => {
  const place = line === 0 ? `${file}:` : `${file}:${line}:${column}`
  return path === "" ? `${place} ${message}` : `${place} ${path}: ${message}`
}

/** A configuration file that cannot be used, with everything that is wrong with it. Source: S4. */
export class InvalidConfiguration extends Schema.TaggedError<InvalidConfiguration>()("InvalidConfiguration", {
  file: Schema.String,
  problems: Schema.Array(Problem),
}) {
  /** Lists the problems, a line each. */
  override get message(): string {
    return this.problems.map((problem) => formatProblem(this.file, problem)).join("\n")
  }
}

const longestShown = 60

/** Shows a value in a sentence: scalars as they are, cut short, and only the kind of anything else. */
export const shown = (value: unknown): string | null => {
  if (value === undefined) return null
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list"
  if (typeof value === "object" && value !== null) return "a map"
  const text = JSON.stringify(value)
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`
}

/** Names the kind of a value that is not to be shown. */
export const kindOf = (value: unknown): string | null =>
  typeof value === "string" ? "a text" : typeof value === "number" ? "a number" : shown(value)

/** Finds a value that is not what was expected. */
export const notValid = (path: Path, value: string | null, expected: string): Finding => ({
  path,
  value,
  expected,
  message: `${value === null ? "" : `${value} `}is not valid: expected ${expected}`,
})
