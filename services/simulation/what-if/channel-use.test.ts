import type { Fact } from "@sluice/events/commit.ts"
import { expect, test } from "vitest"
import { ChannelUse } from "./channel-use.ts"

const useOf = (facts: ReadonlyArray<object>) => {
  const use = new ChannelUse("c", { fromMs: 1_000, toMs: 2_000 })
  for (const fact of facts) use.take({ actor: "account/a", ...fact } as Fact)
  return use.use
}

const limit = (at: number, concurrency: unknown, account = "a") => ({
  actor: `account/${account}`,
  type: "account.configured",
  at,
  config: { concurrency, enabled: true },
})
const level = (at: number, inFlight: number) => ({ type: "channel.acquired", at, inFlight })

test("the use is what was in flight of the limit, within the time that is asked for", () => {
  expect(useOf([limit(0, 4), level(500, 2), level(1_500, 4), level(3_000, 9)])).toEqual({
    channel: "c",
    meanInFlight: 3,
    utilization: 0.75,
  })
})

test("accounts add up, a tighter channel goes before them, and a limit that is learned counts as it moves", () => {
  const configured = { type: "channel.configured", at: 0, config: { maxConcurrent: 4 } }
  const adjusted = { type: "account.limit_adjusted", at: 1_500, to: 1 }
  const facts = [limit(0, { adaptive: { initial: 3 } }), limit(0, 3, "b"), configured, level(0, 2), adjusted]
  expect(useOf(facts).utilization).toBe(0.5)
  expect(useOf([...facts, limit(1_500, null, "b"), limit(1_500, null)]).utilization).toBe(0.5)
})

test("without a limit there is no share of it", () => {
  expect(useOf([limit(0, null), level(0, 2)])).toMatchObject({ meanInFlight: 2, utilization: null })
})
