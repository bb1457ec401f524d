import { configurationJsonSchema } from "@sluice/infra/configuration/file/json-schema.ts"
import { isObject, type Node } from "./json-type.ts"
import { pageOf, table, wrapped } from "./page-text.ts"
import { settingRows } from "./setting-rows.ts"

const within = (node: Node, ...path: ReadonlyArray<string>): Node =>
  path.reduce((found, name) => {
    const one = found[name]
    if (!isObject(one)) throw new Error(`the schema of the configuration has no ${path.join(".")}`)
    return one
  }, node)

const tableOf = (node: Node, leaveOut: ReadonlyArray<string> = []): string =>
  table(
    ["setting", "what it says", "type", "default"],
    settingRows(node, leaveOut).map(({ cells }) => cells),
  )

const section = (heading: string, about: string, node: Node, leaveOut: ReadonlyArray<string> = []) => [
  `## ${heading}`,
  wrapped(about),
  tableOf(node, leaveOut),
]

const changes = `## Changing it

${[
  "* The file is watched. A valid change applies at once, also to requests that wait. An invalid one changes nothing and is logged with its place and what was expected.",
  "* `settings.commit`, `settings.fsync` and `settings.restartQuarantineMs` are read at the start only; a change of them counts from the next start on. A `settings.shutdownGraceMs` that is more than 10 s longer than at the start needs a restart too, because `sluice up` ends an ingress that stops for longer.",
  "* An account, channel or pool that is left out is removed: it takes nothing new, and what is in flight ends. Its history stays in the log. `enabled: false` does the same and keeps its place in the file.",
  "* `npx sluice check FILE` reads a file as the product does and says what is wrong or unwise in it.",
]
  .map((text) => wrapped(text, "  "))
  .join("\n")}`

const intro = [
  "Every setting of the configuration file. [recipes.md](recipes.md) has complete examples; `sluice.example.yaml` is one more. `infra/configuration/file/sluice.schema.json` completes a file in an editor.",
  "A path is written below its object, so `retention.days` in the table of the settings is `settings.retention.days` in the file. A span is at most 100 years. Secrets are references and never stand in the file: `env:NAME` is a variable of the environment, `file:PATH` a file, relative to the configuration.",
]

/** Makes docs/configuration.md from the JSON Schema of the configuration file. */
export const configurationPage = (): string => {
  const file = within(configurationJsonSchema(), "properties")
  const channel = within(file, "channels", "items")
  return pageOf("Configuration", [
    ...intro.map((text) => wrapped(text)),
    changes,
    ...section(
      "settings",
      "What holds for the whole installation. All of it can be left out.",
      within(file, "settings"),
    ),
    ...section(
      "pools",
      "Which channels serve which models. `pools` is a list. [B1](rules/admission.md#b1-pool-and-channels) says which pool a request goes to.",
      within(file, "pools", "items"),
    ),
    ...section("channels", "The upstreams. `channels` is a list.", channel, ["accounts"]),
    ...section(
      "channels[].accounts",
      "The credentials of a channel. A channel without accounts has one that needs no credential and has every default below.",
      within(channel, "properties", "accounts", "items"),
    ),
    ...section(
      "clients",
      "Who may call. Without clients anyone on this machine may, as the client `local`.",
      within(file, "clients", "items"),
    ),
  ])
}
