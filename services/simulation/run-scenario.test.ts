import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import type { Algorithm } from "./algorithm-name.ts"
import { runAll } from "./parallel/run-all.ts"
import { plotRun } from "./plot/plot-run.ts"
import { runScenario, sampleScenario } from "./run-scenario.ts"
import { readScenario } from "./scenario/read-scenario.ts"
import { Scenario } from "./scenario/scenario.ts"

const scenario = (more: object) =>
  Schema.decodeUnknownSync(Scenario)({ about: "x", durationS: 120, provider: { concurrency: 20 }, ...more })

const run = (more: object, algorithm: Algorithm = "fixed", seed = 1) =>
  runScenario({ scenario: scenario(more), algorithm, seed })

describe("a run", () => {
  it("comes to the same figures for the same seed, and to others for another", async () => {
    const noisy = { provider: { concurrency: 15, noise: 0.05, strangers: { mean: 3 } } }
    const [one, again] = [await run(noisy), await run(noisy)]
    expect(again).toEqual(one)
    expect(await run(noisy, "fixed", 2)).not.toEqual(one)
  })

  it("does not depend on who runs it", async () => {
    const runs = [1, 2, 3].map((seed) => ({
      scenario: scenario({ durationS: 250 }),
      algorithm: "fixed" as const,
      seed,
    }))
    const alone = await runAll(runs, { workers: 1 })
    expect(await runAll(runs, { workers: 2 })).toEqual(alone)
    expect(alone[1]).toEqual(await run({ durationS: 250 }, "fixed", 2))
  })

  it("has no rejections and almost all of the use where the limit is known", async () => {
    const { rejections, usePercent, converged } = await run({}, "oracle")
    expect(rejections).toBe(0)
    expect(usePercent).toBeGreaterThan(97)
    expect(usePercent).toBeLessThan(100)
    expect(converged).toEqual([{ from: null, to: 20, afterS: 0 }])
  })

  it("follows a limit that is known through its changes", async () => {
    const steps = [
      { fromS: 0, level: 20 },
      { fromS: 40, level: 5 },
      { fromS: 80, level: 30 },
    ]
    const { converged, usePercent } = await run({ provider: { concurrency: { steps } } }, "oracle")
    expect(converged.map(({ to, afterS }) => [to, afterS])).toEqual([
      [20, 0],
      [5, 0],
      [30, 0],
    ])
    expect(usePercent).toBeGreaterThan(96)
  })

  it("uses as much as a limit that is too low lets it", async () => {
    const { rejections, usePercent, converged } = await run({ limit: { fixed: 10 } })
    expect(rejections).toBe(0)
    expect(usePercent).toBeGreaterThan(45)
    expect(usePercent).toBeLessThan(52)
    expect(converged[0]?.afterS).toBeNull()
  })

  it("is rejected by the provider where the limit is too high, which no client hears of (F5)", async () => {
    const { rejections, rejectedPer1000, clientRejections, completed, refused, failed, requests } = await run(
      {
        limit: { fixed: 25 },
      },
    )
    expect(rejections).toBeGreaterThan(0)
    expect(rejectedPer1000).toBeGreaterThan(0)
    expect([clientRejections, failed]).toEqual([0, 0])
    // What has not ended when time is up is waiting or in flight.
    expect(requests - completed - refused).toBeGreaterThanOrEqual(0)
    expect(requests - completed - refused).toBeLessThanOrEqual(100 + 25)
  })

  it("spreads over many accounts", async () => {
    const few = { accounts: 4, provider: { concurrency: 5 }, limit: { fixed: 5 } }
    const { usePercent, rejections, converged } = await run(few)
    expect(rejections).toBe(0)
    expect(usePercent).toBeGreaterThan(95)
    expect(converged).toEqual([{ from: null, to: 20, afterS: 0 }])
  })

  it("tells of requests above a limit per minute by what was let through of it", async () => {
    const { usePercent, attempts } = await run({
      durationS: 600,
      provider: { requests: { perMinute: 60, counts: "minute" } },
    })
    expect(usePercent).toBeGreaterThan(90)
    expect(usePercent).toBeLessThanOrEqual(102)
    expect(attempts).toBeGreaterThan(500)
  })

  it("never holds more in flight than the limit in force (A2)", async () => {
    const { samples } = await sampleScenario(
      { scenario: await readScenario("40-15-60"), algorithm: "fixed", seed: 3 },
      500,
    )
    expect(samples.length).toBeGreaterThan(1_000)
    expect(Math.max(...samples.map(({ inFlight }) => inFlight))).toBe(15)
  })

  it("can be seen as a picture", async () => {
    const { samples } = await sampleScenario({ scenario: scenario({}), algorithm: "fixed", seed: 1 }, 1_000)
    const svg = plotRun({ title: "a < b & c", about: "about", samples })
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/)
    expect(svg).toContain("a &lt; b &amp; c")
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
    expect(samples.at(-1)).toMatchObject({ atMs: 120_000, capacity: 20, limit: 20 })
  })
})
