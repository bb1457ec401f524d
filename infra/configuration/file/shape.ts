import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { Result, Schema, type SchemaAST, SchemaIssue } from "effect"
import { closest, distance } from "fastest-levenshtein"
import { type Finding, kindOf, notValid, type Path, shown } from "../problem.ts"
import { field } from "./raw-entry.ts"

/** Makes what reads a file of some shape: it gives what a parsed file says with every default filled in, or all that is wrong with it; `expected` says what such a file is. */
export const decoderOf = <A>(
  shape: Schema.Codec<A, unknown>,
  expected: string,
): ((raw: unknown) => Result.Result<A, ReadonlyArray<Finding>>) => {
  const decode = Schema.decodeUnknownResult(shape, { errors: "all", onExcessProperty: "error" })
  return (raw) =>
    isMap(raw)
      ? Result.mapError(decode(raw), ({ issue }) => findingsOf(issue, [], undefined, raw))
      : Result.fail([notValid([], kindOf(raw), expected)])
}

const isMap = Schema.is(Schema.Record(Schema.String, Schema.Unknown))

/** Returns what a parsed configuration file says with every default filled in, or all that is wrong with its shape. */
export const decodeFile = decoderOf(ConfigurationFile, "a map of settings, pools, channels and clients")

const findingsOf = (
  issue: SchemaIssue.Issue,
  path: Path,
  container: SchemaAST.AST | undefined,
  raw: unknown,
): ReadonlyArray<Finding> => {
  switch (issue._tag) {
    case "Pointer":
      return findingsOf(issue.issue, [...path, ...issue.path], container, raw)
    case "Encoding":
      return findingsOf(issue.issue, path, container, raw)
    case "Composite":
      return issue.issues.flatMap((inner) => findingsOf(inner, path, issue.ast, raw))
    case "AnyOf":
      if (issue.issues.length === 0) break
      // The form that it comes nearest to is the one that was meant.
      return issue.issues
        .map((inner) => findingsOf(inner, path, issue.ast, raw))
        .reduce((nearest, other) => (other.length < nearest.length ? other : nearest))
    case "MissingKey":
      return [missing(path, container)]
    case "UnexpectedKey":
      return [
        unknown(
          path,
          fieldsOf(issue.ast).map(({ name }) => String(name)),
        ),
      ]
    case "Filter":
    case "Forbidden":
    case "InvalidType":
    case "InvalidValue":
    case "OneOf":
      break
  }
  return [unfit(issue, path, raw)]
}

const unfit = (issue: SchemaIssue.Issue, path: Path, raw: unknown): Finding => {
  const value = path.reduce(field, raw)
  const expected = issue._tag === "InvalidType" ? expectationOf(issue.ast) : expectationIn(issue)
  // A text where a map or a list belongs may be a secret that slipped.
  const isMisplaced =
    issue._tag === "InvalidType" && (issue.ast._tag === "Objects" || issue.ast._tag === "Arrays")
  const isSecret = path.includes("headers") || secretFields.has(path.at(-1)) || holdsMore(value)
  return notValid(path, isSecret ? null : isMisplaced ? kindOf(value) : shown(value), expected)
}

const secretFields: ReadonlySet<PropertyKey | undefined> = new Set(["credential", "key"])

/** True if a value may be a URL with a password or a key in it. */
const holdsMore = (value: unknown): boolean => typeof value === "string" && /:\/\/.*[@?#]/u.test(value)

const missing = (path: Path, container: SchemaAST.AST | undefined): Finding => {
  const lacking = fieldsOf(container).find(({ name }) => name === path.at(-1))
  const expected = lacking === undefined ? "a value" : expectationOf(lacking.type)
  return { path, value: null, expected, message: `is missing: expected ${expected}` }
}

const unknown = (path: Path, fields: ReadonlyArray<string>): Finding => {
  const name = String(path.at(-1))
  const near = fields.length > 0 ? closest(name, fields) : undefined
  const isNear =
    near !== undefined && distance(name.toLowerCase(), near.toLowerCase()) <= Math.max(2, name.length / 3)
  const expected = isNear ? near : `one of ${fields.join(", ")}`
  return {
    path,
    value: null,
    expected,
    message: `is not a field: ${isNear ? `did you mean ${near}?` : `expected ${expected}`}`,
    atKey: true,
  }
}

const fieldsOf = (ast: SchemaAST.AST | undefined): ReadonlyArray<SchemaAST.PropertySignature> =>
  ast?._tag === "Objects" ? ast.propertySignatures : []

const expectationOf = (ast: SchemaAST.AST): string => {
  const words = ast.checks?.at(-1)?.annotations?.["expected"]
  return typeof words === "string" ? words : expectationIn(new SchemaIssue.InvalidType(ast))
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const expectationIn = (issue: SchemaIssue.Issue): string => {
  const words = format(issue).issues[0]?.message.replace(/^Expected /u, "") ?? "a valid value"
  return yamlWords.get(words) ?? words.replaceAll('" | "', '" or "')
}

const yamlWords = new Map([
  ["array", "a list"],
  ["object", "a map"],
  ["string", "a text"],
  ["number", "a number"],
  ["boolean", "true or false"],
])
