import { readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { configurationJsonSchema } from "./json-schema.ts"

test("the committed JSON Schema is that of the fields (else run write-json-schema.ts)", async () => {
  const committed: unknown = JSON.parse(
    await readFile(new URL("sluice.schema.json", import.meta.url), "utf8"),
  )
  expect(committed).toEqual(configurationJsonSchema())
})

interface Field {
  readonly description?: string
  readonly default?: unknown
  readonly required?: ReadonlyArray<string>
  readonly properties?: Readonly<Record<string, Field>>
  readonly items?: Field
}

const fieldsOf = (of: Field, path = ""): ReadonlyArray<readonly [string, Field, boolean]> => [
  ...Object.entries(of.properties ?? {}).flatMap(
    ([name, field]) =>
      [
        [`${path}.${name}`, field, of.required?.includes(name) ?? false] as const,
        ...fieldsOf(field, `${path}.${name}`),
      ] as const,
  ),
  ...(of.items === undefined ? [] : fieldsOf(of.items, `${path}[]`)),
]

const fields = fieldsOf(configurationJsonSchema())

test("every field says what it is for", () => {
  expect(fields.length).toBeGreaterThan(40)
  expect(fields.filter(([, { description }]) => description === undefined).map(([path]) => path)).toEqual([])
})

test("every field that can be left out has its default", () => {
  const without = fields.filter(([, field, isRequired]) => !isRequired && !("default" in field))
  expect(without.map(([path]) => path)).toEqual([])
})
