import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { Fact } from "@sluice/events/commit.ts"
import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { Schema } from "effect"
import { expect, it } from "vitest"
import { checkpointConfiguration, configurationFromCheckpoint } from "./checkpoint.ts"
import {
  configurationFacts,
  foldConfiguration,
  noConfiguration,
  type StoredConfiguration,
} from "./configuration.ts"

const decodeFile = Schema.decodeUnknownSync(ConfigurationFile)
const decode = Schema.decodeUnknownSync(Fact)

const declared = (pools: number, clients: number) =>
  decodeFile({
    channels: [],
    pools: Array.from({ length: pools }, (_, n) => ({ id: `p${n}`, models: ["m"], tiers: [["c"]] })),
    clients: Array.from({ length: clients }, (_, n) => ({ id: `k${n}`, key: "env:KEY", weight: n + 1 })),
  })

const folded = (...files: ReadonlyArray<ConfigurationFile>): StoredConfiguration =>
  files.reduce(
    (stored, wanted) => foldConfiguration(configurationFacts(stored, { wanted, by: "file", at: 1 }), stored),
    noConfiguration,
  )

it.each([
  ["nothing", folded()],
  ["what was removed, with its revision", folded(declared(2, 3), declared(1, 0))],
  ["more clients than one fact holds", folded(declared(1, 2_000))],
])("L13: a checkpoint of the configuration holds %s", (_, stored) => {
  const facts = checkpointConfiguration(stored, 1).map((fact) => decode(JSON.parse(JSON.stringify(fact))))
  expect(configurationFromCheckpoint(facts.filter(isCheckpoint))).toEqual(stored)
  expect(Math.max(...facts.map((fact) => JSON.stringify(fact).length))).toBeLessThan(70_000)
})
