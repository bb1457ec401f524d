import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { createRouter, createServedModels } from "./routing.ts"
import { ranked, type Standing, WeightedTurns } from "./score.ts"

const garbageCollector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc") as () => void
}

const channelOf = Schema.decodeUnknownSync(ChannelConfiguration)
const poolOf = Schema.decodeUnknownSync(PoolConfiguration)

const channel = (id: string, more: Record<string, unknown> = {}) =>
  channelOf({ id, protocol: "openai", baseUrl: "http://upstream", models: ["m"], ...more })
const pool = (id: string, models: ReadonlyArray<string>, tier: ReadonlyArray<string> = ["c"]) =>
  poolOf({ id, models, tiers: [tier] })

describe("B1: which pool", () => {
  const route = (pools: ReadonlyArray<ReturnType<typeof pool>>, channels = [channel("c")]) =>
    createRouter(pools, channels)

  it("is that of the longest literal pattern", () => {
    const find = route([
      pool("any", ["*"]),
      pool("gpt", ["gpt-*"]),
      pool("four", ["gpt-4*"]),
      pool("exact", ["gpt-4o"]),
    ])
    expect(["o3", "gpt-3.5", "gpt-4-turbo", "gpt-4o"].map((model) => find("openai", model)?.id)).toEqual([
      "any",
      "gpt",
      "four",
      "exact",
    ])
  })

  it("is the first in the file where patterns are equally long", () =>
    expect(route([pool("one", ["a*"]), pool("two", ["a*"])])("openai", "abc")?.id).toBe("one"))

  it("matches names with a slash", () =>
    expect(route([pool("vendor", ["vendor/*"])])("openai", "vendor/family/model")?.id).toBe("vendor"))

  it("goes before a pool that does not speak the protocol", () => {
    const channels = [channel("c"), channel("d", { protocol: "anthropic" })]
    const find = route([pool("openai", ["model-1"]), pool("anthropic", ["model-*"], ["d"])], channels)
    expect(find("anthropic", "model-1")?.id).toBe("anthropic")
    expect(find("openai", "model-1")?.id).toBe("openai")
  })

  it("is none for a model that no pattern matches", () =>
    expect(route([pool("gpt", ["gpt-*"])])("openai", "claude")).toBeUndefined())
})

it("B1: no name that a caller makes up is remembered, by a router or by a channel", () => {
  const collect = garbageCollector()
  const find = createRouter([pool("gpt", ["gpt-*"]), pool("exact", ["m"])], [channel("c")])
  const serves = createServedModels(channel("c", { models: ["m", "family-*"] }))
  const heldBytes = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = heldBytes()
  for (let n = 0; n < 100; n += 1)
    for (const prefix of ["", "gpt-", "family-"]) {
      const name = prefix + n + "x".repeat(500_000)
      find("openai", name)
      serves(name)
    }
  expect(heldBytes() - before).toBeLessThan(20e6)
})

it("B1: a channel serves the models that it lists, by the upstream's name", () => {
  const serves = createServedModels(
    channel("c", { models: ["plain", { from: "alias", to: "real" }, "family-*"] }),
  )
  expect(["plain", "alias", "family-9", "other"].map(serves)).toEqual([
    "plain",
    "real",
    "family-9",
    undefined,
  ])
})

describe("B3: which channel of a tier", () => {
  const standing = (id: string, score: number, more: Partial<Standing> = {}): Standing => ({
    channel: id,
    weight: 100,
    score,
    hasFreeSlot: true,
    ...more,
  })
  const order = (standings: ReadonlyArray<Standing>, turns = new WeightedTurns()) =>
    ranked(standings, turns).map(({ channel: id }) => id)

  it("is the best by score where the others lie more than 0.1 behind", () =>
    expect(order([standing("worse", 0.5), standing("best", 0.9)])).toEqual(["best", "worse"]))

  it("is shared smoothly by weight among those within 0.1 of the best", () => {
    const turns = new WeightedTurns()
    const all = [standing("a", 0.95, { weight: 200 }), standing("b", 1, { weight: 100 })]
    expect([1, 2, 3, 4, 5, 6].map(() => order(all, turns)[0])).toEqual(["a", "b", "a", "a", "b", "a"])
  })

  it("is never one without a free slot while another has one", () =>
    expect(
      order([standing("full", 0.3, { hasFreeSlot: false, weight: 10_000 }), standing("free", 0.31)])[0],
    ).toBe("free"))
})
