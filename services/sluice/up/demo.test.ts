import { decodeFile } from "@sluice/infra/configuration/file/shape.ts"
import { parseYaml } from "@sluice/infra/configuration/file/yaml-source.ts"
import { Result } from "effect"
import { expect, test } from "vitest"
import { demoConfiguration, demoModels, drawDemoKeys, portsIn, simulatorSpecification } from "./demo.ts"

const urls = new Map([
  ["gpt", "http://127.0.0.1:4001"],
  ["claude", "http://127.0.0.1:4002"],
  ["gemini", "http://127.0.0.1:4003"],
])
const keys = drawDemoKeys()
const configuration = Result.getOrThrow(decodeFile(parseYaml(demoConfiguration(urls)).value))

interface SimulatedProvider {
  readonly models: ReadonlyArray<string>
  readonly credentials: ReadonlyArray<string>
  readonly concurrencyLimit: number
  readonly port: number
}
const providersOn = (ports: ReadonlyMap<string, number>): ReadonlyArray<SimulatedProvider> =>
  JSON.parse(simulatorSpecification(keys, ports)) as ReadonlyArray<SimulatedProvider>

test("each of the demo's models has a pool, a channel and two accounts, and needs no client key", () => {
  expect(configuration.pools.flatMap(({ models }) => models)).toEqual(demoModels)
  expect(configuration.channels.map(({ accounts }) => accounts.length)).toEqual([2, 2, 2])
  expect(configuration.clients).toEqual([])
})

test("what the configuration allows at an account lies below the provider's hidden limit, so that nothing is refused", () => {
  const providers = providersOn(new Map())
  for (const [at, { models, accounts }] of configuration.channels.entries()) {
    expect(models).toEqual(providers[at]?.models)
    for (const { concurrency } of accounts)
      expect(concurrency).toBeLessThan(providers[at]?.concurrencyLimit ?? 0)
  }
})

test("the keys that the accounts refer to are those that their provider knows", () => {
  const referred = configuration.channels.map(({ accounts }) =>
    accounts.map(({ credential }) => keys[credential.replace("env:", "")]),
  )
  expect(providersOn(new Map()).map(({ credentials }) => credentials)).toEqual(referred)
})

test("the ports of the providers are found again in the configuration", () => {
  const ports = portsIn(demoConfiguration(urls))
  expect([...ports]).toEqual([
    ["gpt", 4001],
    ["claude", 4002],
    ["gemini", 4003],
  ])
  expect(providersOn(ports).map(({ port }) => port)).toEqual([4001, 4002, 4003])
  expect(portsIn("pools: []").size).toBe(0)
})
