import type { JsonSchema } from "effect"
import { code } from "./page-text.ts"

/** A schema, or a part of one. */
export type Node = JsonSchema.JsonSchema

/** True if a value is an object with members. */
export const isObject = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Returns the schemas in a list. */
export const nodesIn = (value: unknown): ReadonlyArray<Node> =>
  Array.isArray(value) ? value.filter((one) => isObject(one)) : []

/** Returns the members of an object's schema by their names. */
export const membersOf = (node: Node): ReadonlyArray<readonly [name: string, member: Node]> =>
  isObject(node["properties"])
    ? Object.entries(node["properties"]).flatMap(([name, one]) =>
        isObject(one) ? [[name, one] as const] : [],
      )
    : []

/** True if an object must have a member. */
export const isRequired = (node: Node, name: string): boolean =>
  Array.isArray(node["required"]) && node["required"].includes(name)

interface TypeOptions {
  /** The unit of a number, if it has one. */
  readonly unit?: string
  /** True if the members of an object are named. */
  readonly namesMembers?: boolean
}

const choicesMost = 6

/** Returns in words what a value may be, such as ``whole number from 1 (ms), or `null` ``. */
export const typeText = (node: Node, options: TypeOptions = {}): string => {
  const { unit = "", namesMembers = false } = options
  const whole: Node = Object.assign({}, node, ...nodesIn(node["allOf"]))
  const choices = nodesIn(whole["anyOf"])
  // A count has a check of its own, of which JSON Schema knows only that it is a number.
  if (choices.some((choice) => Array.isArray(choice["enum"]) && choice["enum"].includes("NaN")))
    return "whole number from 0"
  if (choices.length > choicesMost) return "any of many objects"
  if (choices.length > 0) return choices.map((one) => typeText(one, options)).join(", or ")
  if (Array.isArray(whole["enum"])) return whole["enum"].map((one) => code(String(one))).join(", ")
  switch (whole["type"]) {
    case "integer":
    case "number":
      return [
        whole["type"] === "integer" ? "whole number" : "number",
        ...rangeOf(whole),
        unit === "" ? "" : `(${unit})`,
      ]
        .filter((part) => part !== "")
        .join(" ")
    case "array":
      return `list${isObject(whole["items"]) ? ` of ${typeText(whole["items"], { namesMembers })}` : ""}`
    case "object": {
      const names = membersOf(whole).map(([name]) => code(name))
      const others = whole["additionalProperties"]
      if (names.length === 0)
        return isObject(others) && others["type"] === "string" ? "texts by name" : "object"
      return namesMembers ? `object: ${names.join(", ")}` : "object"
    }
    case "boolean":
      return "`true`, `false`"
    case "null":
      return code("null")
    case "string":
      return textTypeOf(whole)
    default:
      return "any value"
  }
}

/** A longer pattern says less than the description does. */
const longestPattern = 30

const textTypeOf = ({ pattern }: Node): string =>
  typeof pattern === "string" && pattern.length <= longestPattern ? `text, ${code(pattern)}` : "text"

const rangeOf = ({ minimum }: Node): ReadonlyArray<string> =>
  typeof minimum === "number" && minimum > Number.MIN_SAFE_INTEGER ? [`from ${minimum}`] : []
