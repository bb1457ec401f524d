import { Predicate } from "effect"

/** A JSON Schema, as far as the pages look at it. */
export type JsonSchema = Readonly<Record<string, unknown>>

const isSchema = (value: unknown): value is JsonSchema => Predicate.isObject(value) && !Array.isArray(value)
const schemasIn = (value: unknown): ReadonlyArray<JsonSchema> =>
  Array.isArray(value) ? value.filter(isSchema) : []

/** Returns the members of an object's schema by their names. */
export const membersOf = (schema: JsonSchema): ReadonlyArray<readonly [name: string, member: JsonSchema]> =>
  Object.entries(isSchema(schema["properties"]) ? schema["properties"] : {}).filter((entry) =>
    isSchema(entry[1]),
  ) as Array<[string, JsonSchema]>

/** True if an object must have a member. */
export const isRequired = (schema: JsonSchema, name: string): boolean =>
  Array.isArray(schema["required"]) && schema["required"].includes(name)

/** Returns the schema of a list's items; `undefined` for what is no list. */
export const itemsOf = (schema: JsonSchema): JsonSchema | undefined =>
  schema["type"] === "array" && isSchema(schema["items"]) ? schema["items"] : undefined

/** Returns the schema of an object that a member may be, whatever else it may be. */
export const objectIn = (schema: JsonSchema): JsonSchema | undefined =>
  schema["type"] === "object" && membersOf(schema).length > 0
    ? schema
    : schemasIn(schema["anyOf"])
        .map(objectIn)
        .find((found) => found !== undefined)

const literals = (values: ReadonlyArray<unknown>): string =>
  values.map((value) => `\`${typeof value === "string" ? value : JSON.stringify(value)}\``).join(", ")

/** A bound that says no more than that it is a number that a computer holds. */
const isBound = (value: unknown): value is number =>
  typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER

const rangeOf = ({ minimum, maximum, exclusiveMinimum }: JsonSchema): string => {
  const from = isBound(minimum) ? ` from ${minimum}` : ""
  const above = isBound(exclusiveMinimum) ? ` above ${exclusiveMinimum}` : ""
  return `${from}${above}${isBound(maximum) ? ` to ${maximum}` : ""}`
}

const choicesMost = 6

/** Returns in words what a value may be, such as ``whole number from 1, or `null` ``. */
export const typeText = (schema: JsonSchema): string => {
  const merged = { ...schema, ...Object.assign({}, ...schemasIn(schema["allOf"])) } as JsonSchema
  const choices = schemasIn(merged["anyOf"])
  // A count has a check of its own, of which JSON Schema knows only that it is a number.
  if (choices.some((choice) => Array.isArray(choice["enum"]) && choice["enum"].includes("NaN")))
    return "whole number from 0"
  if (choices.length > choicesMost) return "any of many objects"
  if (choices.length > 0) return [...new Set(choices.map(typeText))].join(", or ")
  if (Array.isArray(merged["enum"])) return literals(merged["enum"])
  if ("const" in merged) return literals([merged["const"]])
  switch (merged["type"]) {
    case "integer":
      return `whole number${rangeOf(merged)}`
    case "number":
      return `number${rangeOf(merged)}`
    case "string":
      return "text"
    case "boolean":
      return "`true`, `false`"
    case "null":
      return "`null`"
    case "array": {
      const items = itemsOf(merged)
      return items === undefined ? "list" : `list of ${typeText(items)}`
    }
    case "object":
      return membersOf(merged).length > 0
        ? `object: ${membersOf(merged)
            .map(([name]) => `\`${name}\``)
            .join(", ")}`
        : "object"
    default:
      return "any value"
  }
}
