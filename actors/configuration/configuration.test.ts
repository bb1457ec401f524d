import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { channelCommands, configurationFacts, foldConfiguration, noConfiguration } from "./configuration.ts"

const decode = Schema.decodeUnknownSync(ConfigurationFile)

const openai = { id: "openai-1", protocol: "openai", baseUrl: "https://api.openai.com", models: ["gpt-5.2"] }
const pool = { id: "gpt", models: ["gpt-*"], tiers: [["openai-1"]] }
const alice = { id: "alice", key: "env:ALICE_KEY" }
const written = { pools: [pool], channels: [openai], clients: [alice] }

const facts = (stored: typeof noConfiguration, file: object, at = 1) =>
  configurationFacts(stored, { wanted: decode(file), by: "file", at })

const stored = foldConfiguration(facts(noConfiguration, written))

test("the first configuration is one fact per object, at revision 1", () => {
  const all = facts(noConfiguration, written)
  expect(all.map(({ type, actor }) => [type, actor])).toEqual([
    ["settings.configured", "settings/installation"],
    ["pool.configured", "pool/gpt"],
    ["client.configured", "client/alice"],
  ])
  for (const fact of all) expect(fact).toMatchObject({ at: 1, by: "file", revision: 1 })
})

test("an equal configuration is no fact", () => {
  expect(facts(stored, written)).toEqual([])
})

test("a change of one object touches no other (A10)", () => {
  const changed = { ...written, pools: [{ ...pool, queueBeforeFallback: true }] }
  expect(facts(stored, changed, 9)).toEqual([
    {
      type: "pool.configured",
      actor: "pool/gpt",
      at: 9,
      by: "file",
      revision: 2,
      config: expect.objectContaining({ id: "gpt", queueBeforeFallback: true }),
    },
  ])
})

test("what is no longer declared is removed, and counts on when it comes back", () => {
  const without = { ...written, pools: [], clients: [] }
  const removals = facts(stored, without)
  expect(removals.map(({ type, actor }) => [type, actor])).toEqual([
    ["pool.removed", "pool/gpt"],
    ["client.removed", "client/alice"],
  ])
  const after = foldConfiguration(removals, stored)
  expect(after.pools.get("gpt")).toMatchObject({ removed: true, revision: 1 })
  expect(facts(after, without)).toEqual([])
  expect(facts(after, { ...without, pools: [pool] })).toMatchObject([
    { type: "pool.configured", revision: 2 },
  ])
})

test("folding what was decided gives what was wanted", () => {
  const wanted = decode(written)
  expect([...stored.pools.values()].map(({ config }) => config)).toEqual(wanted.pools)
  expect(stored.settings?.config).toEqual(wanted.settings)
})

test("folding leaves what was stored before as it was", () => {
  foldConfiguration(facts(stored, { pools: [], channels: [] }), stored)
  expect(stored.pools.get("gpt")?.removed).toBe(false)
})

test("each channel gets its accounts, and one that is no longer declared gets none", () => {
  const wanted = decode({
    ...written,
    channels: [{ ...openai, accounts: [{ id: "key-1", credential: "env:OPENAI_KEY", concurrency: 4 }] }],
  })
  const commands = channelCommands(["openai-1", "old"], { wanted, by: "file" })
  expect(commands.get("old")).toEqual({
    type: "configure",
    channel: null,
    accounts: [],
    credentials: new Map(),
    by: "file",
  })
  expect(commands.get("openai-1")).toMatchObject({
    channel: { id: "openai-1", maxConcurrent: null },
    accounts: [{ id: "key-1", concurrency: 4 }],
  })
})

test("an adaptive account holds the numbers of the settings where it says none, and a change of those is a change of it (S4, A10)", () => {
  const accounts = [
    { id: "key-1", credential: "env:OPENAI_KEY", concurrency: "adaptive" },
    { id: "key-2", credential: "env:OPENAI_KEY", concurrency: { adaptive: { initial: 4 } } },
    { id: "key-3", credential: "env:OPENAI_KEY", concurrency: 4 },
  ]
  const limitsWith = (adaptive: object) => {
    const wanted = decode({ ...written, settings: { adaptive }, channels: [{ ...openai, accounts }] })
    const commands = channelCommands([], { wanted, by: "file" })
    return commands.get("openai-1")?.accounts.map(({ concurrency }) => concurrency)
  }
  const bracket = { algorithm: "bracket", initial: 8, min: 1, max: 200 }
  expect(limitsWith({})).toEqual([{ adaptive: bracket }, { adaptive: { ...bracket, initial: 4 } }, 4])
  const changed = { ...bracket, initial: 10, max: 20 }
  expect(limitsWith({ initial: 10, max: 20 })).toEqual([
    { adaptive: changed },
    { adaptive: { ...changed, initial: 4 } },
    4,
  ])
})

test("an adaptive channel holds the numbers of the settings where it says none (S4)", () => {
  const channels = [{ ...openai, maxConcurrent: { adaptive: { max: 20 } } }]
  const wanted = decode({ ...written, settings: { adaptive: { initial: 10 } }, channels })
  const { channel } = channelCommands([], { wanted, by: "file" }).get("openai-1") ?? {}
  expect(channel?.maxConcurrent).toEqual({
    adaptive: { algorithm: "bracket", initial: 10, min: 1, max: 20 },
  })
})

test("a channel without accounts gets the implicit one", () => {
  const commands = channelCommands([], { wanted: decode(written), by: "demo" })
  expect(commands.get("openai-1")?.accounts).toMatchObject([
    { id: "openai-1-default", name: "openai-1/default" },
  ])
})

test("no reference to a secret gets into a fact or a command", () => {
  const wanted = decode({
    ...written,
    channels: [{ ...openai, accounts: [{ id: "key-1", credential: "env:OPENAI_KEY" }] }],
  })
  const all = [
    ...configurationFacts(noConfiguration, { wanted, by: "file", at: 1 }),
    ...channelCommands([], { wanted, by: "file" }).values(),
  ]
  expect(JSON.stringify(all)).not.toMatch(/_KEY/)
})
