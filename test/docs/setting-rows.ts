import type { JsonSchema } from "effect"
import { code } from "./page-text.ts"

type Node = JsonSchema.JsonSchema

/** A setting as a row of a table. */
export interface SettingRow {
  /** Below the object that the table is about. */
  readonly path: string
  readonly cells: readonly [path: string, about: string, type: string, fallback: string]
}

/** True if a value is an object with members. */
export const isObject = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const nodesIn = (value: unknown): ReadonlyArray<Node> =>
  Array.isArray(value) ? value.filter((one) => isObject(one)) : []

const membersOf = (node: Node): ReadonlyArray<readonly [string, Node]> =>
  isObject(node["properties"])
    ? Object.entries(node["properties"]).flatMap(([name, one]) =>
        isObject(one) ? [[name, one] as const] : [],
      )
    : []

/** Lists the settings of an object and of the objects in it, leaving out those that have tables of their own. */
export const settingRows = (
  node: Node,
  leaveOut: ReadonlyArray<string> = [],
  above = "",
): ReadonlyArray<SettingRow> => {
  const required = Array.isArray(node["required"]) ? node["required"] : []
  return membersOf(node)
    .filter(([name]) => !leaveOut.includes(name))
    .flatMap(([name, one]) => rowsOf({ path: above + name, isRequired: required.includes(name) }, one))
}

const rowsOf = (
  { path, isRequired }: { readonly path: string; readonly isRequired: boolean },
  node: Node,
): ReadonlyArray<SettingRow> => {
  const { about, unit } = described(path, node)
  const own = {
    path,
    cells: [code(path), about, typeOf(node, unit), defaultOf(node, isRequired, unit)],
  } as const
  const inner = [node, ...nodesIn(node["anyOf"])].flatMap((one) => settingRows(one, [], `${path}.`))
  const entries = isObject(node["items"]) ? nodesIn(node["items"]["anyOf"]) : []
  return [
    ...(about === "" ? [] : [own]),
    ...inner,
    ...entries.flatMap((one) => settingRows(one, [], `${path}[].`)),
  ]
}

const units: ReadonlyArray<readonly [RegExp, string]> = [
  [/Ms$/u, "ms"],
  [/[bB]ytes$/u, "bytes"],
  [/Usd$/u, "USD"],
  [/Seconds$/u, "s"],
  [/(^|\.)days$/u, "days"],
]

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const described = (path: string, node: Node): { readonly about: string; readonly unit: string } => ({
  about: textOf(node["description"]).replace(/^(Milliseconds|USD)\. /u, ""),
  unit: units.find(([name]) => name.test(path))?.[1] ?? "",
})

const typeOf = (node: Node, unit: string): string => {
  const either = nodesIn(node["anyOf"])
  if (either.length > 0) return either.map((one) => typeOf(one, unit)).join(", or ")
  if (Array.isArray(node["enum"])) return node["enum"].map((one) => code(String(one))).join(", ")
  switch (node["type"]) {
    case "integer":
    case "number":
      return [
        node["type"] === "integer" ? "whole number" : "number",
        ...rangeOf(node),
        unit === "" ? "" : `(${unit})`,
      ]
        .filter((part) => part !== "")
        .join(" ")
    case "array":
      return `list${isObject(node["items"]) ? ` of ${typeOf(node["items"], "")}` : ""}`
    case "object":
      return membersOf(node).length === 0 ? "texts by name" : "object"
    case "boolean":
      return "`true`, `false`"
    case "null":
      return code("null")
    default:
      return textTypeOf(node)
  }
}

/** A longer pattern says less than the description does. */
const longestPattern = 30

const textTypeOf = ({ pattern }: Node): string =>
  typeof pattern === "string" && pattern.length <= longestPattern ? `text, ${code(pattern)}` : "text"

const rangeOf = ({ minimum }: Node): ReadonlyArray<string> =>
  typeof minimum === "number" && minimum > Number.MIN_SAFE_INTEGER ? [`from ${minimum}`] : []

const defaultOf = (node: Node, isRequired: boolean, unit: string): string => {
  const value = node["default"]
  if (isRequired) return "must be given"
  if (value === undefined || (isObject(value) && membersOf(node).length > 0)) return "–"
  const large = typeof value === "number" ? inWords(value, unit) : undefined
  return code(JSON.stringify(value)) + (large === undefined ? "" : ` (${large})`)
}

const scales: Readonly<Record<string, ReadonlyArray<readonly [number, string]>>> = {
  ms: [
    [60_000, "min"],
    [1_000, "s"],
  ],
  bytes: [
    [1e9, "GB"],
    [1024 * 1024, "MiB"],
  ],
}

const inWords = (value: number, unit: string): string | undefined => {
  const scale = scales[unit]?.find(([size]) => value >= size && value % size === 0)
  return scale === undefined ? undefined : `${value / scale[0]} ${scale[1]}`
}
