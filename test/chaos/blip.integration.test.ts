import { setTimeout as delay } from "node:timers/promises"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { expect, it } from "vitest"
import { startProduct } from "../product.ts"

const blipMs = 200
const requests = 60

it("C7: a blip of 200 ms of the only account's upstream is an outage of no more: everyone who waits is answered", async () => {
  await using product = await startProduct({
    provider: { serviceMs: 50, jitter: 0 },
    configuration: (baseUrl) => ({
      // On a slow machine the blip takes longer, and the same request may test the account again.
      pools: [{ id: "p", models: ["demo-gpt"], tiers: [["c"]], retries: { sameAccount: 3 } }],
      channels: [
        {
          id: "c",
          protocol: "openai",
          baseUrl,
          models: ["demo-gpt"],
          accounts: [{ id: "a", credential: "env:SLUICE_TEST_KEY", concurrency: 8 }],
        },
      ],
    }),
  })
  const { provider } = product
  expect((await product.complete()).status).toBe(200)
  const ask = async () => {
    const answer = await product.complete()
    await answer.text()
    return { status: answer.status, at: performance.now() }
  }
  const answers = Promise.all(Array.from({ length: requests }, ask))
  await delay(75)
  const goneAt = performance.now()
  await provider.close()
  await delay(blipMs)
  await using again = await startSimulatedProvider({ port: provider.port, serviceMs: 50, jitter: 0 })
  const backAt = performance.now()
  const answered = await answers
  expect(answered.map(({ status }) => status)).toEqual(Array.from({ length: requests }, () => 200))
  const after = answered.map(({ at }) => at - backAt).filter((ms) => ms > 0)
  // The pause before the test that succeeds is no longer than the time before it and a quarter of a second.
  expect(Math.min(...after)).toBeLessThan(backAt - goneAt + 600)
  expect(again.stats().peakInFlight).toBeLessThanOrEqual(8)
  const cooldowns = await product.query("cooldowns")
  expect(cooldowns).toContainEqual(
    expect.objectContaining({ classification: "failing", endedBy: "recovered" }),
  )
})
