import { isObject, isRequired, membersOf, type Node, nodesIn, typeText } from "./json-type.ts"
import { code } from "./page-text.ts"

/** A setting as a row of a table. */
export interface SettingRow {
  /** Below the object that the table is about. */
  readonly path: string
  readonly cells: readonly [path: string, about: string, type: string, fallback: string]
}

/** Lists the settings of an object and of the objects in it, leaving out those that have tables of their own. */
export const settingRows = (
  node: Node,
  leaveOut: ReadonlyArray<string> = [],
  above = "",
): ReadonlyArray<SettingRow> =>
  membersOf(node)
    .filter(([name]) => !leaveOut.includes(name))
    .flatMap(([name, one]) => rowsOf({ path: above + name, isNeeded: isRequired(node, name) }, one))

const rowsOf = (
  { path, isNeeded }: { readonly path: string; readonly isNeeded: boolean },
  node: Node,
): ReadonlyArray<SettingRow> => {
  const { about, unit } = described(path, node)
  const own = {
    path,
    cells: [code(path), about, typeText(node, { unit }), defaultOf(node, isNeeded, unit)],
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

const defaultOf = (node: Node, isNeeded: boolean, unit: string): string => {
  const value = node["default"]
  if (isNeeded) return "must be given"
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
