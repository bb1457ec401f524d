import { configurationJsonSchema } from "@sluice/infra/configuration/file/json-schema.ts"
import { isRequired, itemsOf, type JsonSchema, membersOf, objectIn, typeText } from "./json-type.ts"
import { page, table, wrapped } from "./page.ts"

const intro = `A configuration file is YAML. It holds the objects below; \`channels\` are needed, everything else has a
default. A value that does not fit is refused with its path, what it is and what was expected, and \`npx sluice check FILE\` says so
without starting anything. Unknown fields are refused. \`infra/configuration/file/sluice.schema.json\` is the same as JSON Schema, for
editors; complete examples are in [recipes.md](recipes.md) and in \`sluice.example.yaml\`.`

const changes = `The file is watched. A valid change applies at once, also to those who wait; an invalid one changes nothing and
is said in the log. Read at the start only, so that they need a restart: \`settings.commit\`, \`settings.fsync\` and
\`settings.restartQuarantineMs\`. While the proxy listens beyond loopback, a change that leaves no clients is invalid.`

const secrets = `Credentials and client keys are references: \`env:NAME\` takes the value of an environment variable,
\`file:PATH\` the content of a file, relative to the configuration. A client's key has at least 16 characters.`

/** Where each object stands in the file, and what it is. */
const objects = [
  { path: "settings", about: "What holds for the whole installation." },
  {
    path: "pools[]",
    about: "Which channels serve which models. The longest literal pattern wins, then the first in the file.",
  },
  {
    path: "channels[]",
    about: "Upstream endpoints: a protocol, a base URL, the models that they serve, limits and accounts.",
  },
  {
    path: "channels[].accounts[]",
    about:
      "The credentials of a channel. A channel without accounts has one that is implied, `<channel>/default`.",
  },
  { path: "clients[]", about: "Who may call. Without clients only this machine may, without a key." },
]

const at = (schema: JsonSchema, path: string): JsonSchema =>
  path.split(".").reduce((found, step) => {
    const name = step.replace("[]", "")
    const member = membersOf(found).find(([one]) => one === name)?.[1]
    const next = member === undefined ? undefined : step.endsWith("[]") ? itemsOf(member) : member
    if (next === undefined) throw new Error(`the schema has no ${path}`)
    return next
  }, schema)

const isObjectOfAnother = (path: string): boolean => objects.some((one) => one.path === `${path}[]`)

const defaultText = (schema: JsonSchema, isNeeded: boolean): string => {
  if (isNeeded) return "needed"
  if (!("default" in schema)) return "–"
  const value = schema["default"]
  return objectIn(schema) !== undefined && typeof value === "object" && value !== null
    ? "as below"
    : `\`${JSON.stringify(value)}\``
}

const rowsOf = (schema: JsonSchema, path: string, before = ""): ReadonlyArray<ReadonlyArray<string>> =>
  membersOf(schema).flatMap(([name, member]) => {
    if (isObjectOfAnother(`${path}.${name}`)) return []
    const inner = objectIn(member)
    const description = typeof member["description"] === "string" ? member["description"] : ""
    const own = [
      `\`${before}${name}\``,
      description,
      typeText(member),
      defaultText(member, isRequired(schema, name)),
    ]
    return [own, ...(inner === undefined ? [] : rowsOf(inner, path, `${before}${name}.`))]
  })

/** Returns the page of all settings, from the schema of the configuration file. */
export const configurationPage = (): string => {
  const schema = configurationJsonSchema() as JsonSchema
  return page("Configuration", [
    wrapped(intro),
    wrapped(changes),
    wrapped(secrets),
    ...objects.flatMap(({ path, about }) => [
      `## ${path}`,
      wrapped(about),
      table(["setting", "what it says", "value", "default"], rowsOf(at(schema, path), path)),
    ]),
  ])
}
