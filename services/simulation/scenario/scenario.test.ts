import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { errorText } from "@sluice/infra/process/error-text.ts"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { VirtualClock } from "../virtual-clock.ts"
import { changesOf, highest, levelAt } from "./level.ts"
import { readScenario, scenarioNames } from "./read-scenario.ts"
import { Scenario } from "./scenario.ts"
import { bestPerSecond, drawTraffic } from "./traffic.ts"

const written = async (text: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-scenario-"))
  const file = join(folder, "mine.yaml")
  await writeFile(file, text)
  try {
    const { name, durationS } = await readScenario(file)
    return `${name} ${durationS}`
  } catch (error) {
    return errorText(error).replaceAll(file, "mine.yaml")
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe("a scenario", () => {
  it("that comes with the product can be read, and is held to something", async () => {
    const names = await scenarioNames()
    expect(names.length).toBeGreaterThanOrEqual(18)
    const scenarios = await Promise.all(names.map(readScenario))
    for (const { name, bars } of scenarios) expect([name, Object.keys(bars).length > 0]).toEqual([name, true])
  })

  it("can be a file of one's own", async () => {
    expect(await written("{ about: x, durationS: 5, provider: { concurrency: 3 } }")).toBe("mine 5")
  })

  it("that cannot be used says where, what stands there, and what was expected", async () => {
    const message = await written(
      "about: x\ndurationS: 5\nprovider:\n  concurrency: -3\n  strange: 1\n  outages: [{ fromS: 1, forS: a }]\n",
    )
    expect(message.split("\n")).toEqual([
      "mine.yaml:5:3 provider.strange: is not a field: did you mean strangers?",
      "mine.yaml:4:16 provider.concurrency: -3 is not valid: expected a number from 0",
      'mine.yaml:6:31 provider.outages[0].forS: "a" is not valid: expected seconds from 0',
    ])
  })

  it("that does not exist names those that do", async () => {
    await expect(readScenario("nope")).rejects.toThrow(
      /nope: is no scenario: expected one of .*cold-start-40/,
    )
  })
})

describe("a level", () => {
  it("is a number, steps, a wave, or pulses", () => {
    const steps = {
      steps: [
        { fromS: 0, level: 40 },
        { fromS: 10, level: 15 },
      ],
    }
    const pulses = { base: 1, peak: 3, everyS: 10, forS: 2, firstS: 5 }
    expect([0, 9_999, 10_000].map((atMs) => levelAt(steps, atMs))).toEqual([40, 40, 15])
    expect([0, 5, 10].map((s) => levelAt({ low: 10, high: 20, periodS: 10 }, s * 1_000))).toEqual([
      10, 20, 10,
    ])
    expect([4, 5, 6.9, 7, 15].map((s) => levelAt(pulses, s * 1_000))).toEqual([1, 3, 3, 1, 3])
    expect([steps, pulses, 7].map(highest)).toEqual([40, 3, 7])
    expect(changesOf(steps, 20_000)).toEqual([
      { atMs: 0, level: 40 },
      { atMs: 10_000, level: 15 },
    ])
  })
})

describe("traffic", () => {
  const drawn = async (more: object, seed = 1) => {
    const scenario = Schema.decodeUnknownSync(Scenario)({
      about: "x",
      durationS: 2_000,
      provider: { concurrency: 30 },
      ...more,
    })
    const clock = new VirtualClock(0)
    const demands: Array<{ atMs: number; serviceMs: number; model: string }> = []
    drawTraffic(scenario, {
      clock,
      seed,
      onArrival: ({ work, model }) => demands.push({ atMs: clock.now(), serviceMs: work.serviceMs, model }),
    })
    await clock.run(2_000_000)
    return { demands, best: bestPerSecond(scenario) }
  }

  it("comes at its rate, with service times as they are described", async () => {
    const { demands, best } = await drawn({ traffic: { load: 1.5, models: { a: 1, b: 3 } } })
    expect(demands.length / 2_000 / (1.5 * best)).toBeCloseTo(1, 1)
    const sorted = demands.map(({ serviceMs }) => serviceMs).toSorted((one, other) => one - other)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
    expect(at(0.5) / 4_500).toBeCloseTo(1, 1)
    expect(Math.abs(at(0.95) / at(0.5) - 3.2)).toBeLessThan(0.3)
    expect(demands.filter(({ model }) => model === "b").length / demands.length).toBeCloseTo(0.75, 1)
  })

  it("follows its rate over time", async () => {
    const { demands } = await drawn({
      traffic: {
        load: {
          steps: [
            { fromS: 0, level: 0 },
            { fromS: 1_000, level: 1 },
          ],
        },
      },
    })
    expect(demands[0]?.atMs).toBeGreaterThanOrEqual(1_000_000)
    expect(demands.length).toBeGreaterThan(1_000)
  })

  it("is the same for a seed, and another for another", async () => {
    const [one, same, other] = await Promise.all([drawn({}), drawn({}), drawn({}, 2)])
    expect(same).toEqual(one)
    expect(other.demands[0]).not.toEqual(one.demands[0])
  })
})
