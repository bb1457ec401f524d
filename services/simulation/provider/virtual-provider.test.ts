import { readAnswer } from "@sluice/ingress/exchange/failure.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { ProviderBehaviour } from "../scenario/scenario.ts"
import { spokenProtocol } from "../spoken-protocol.ts"
import { VirtualClock } from "../virtual-clock.ts"
import type { Call, Rejected } from "./upstream.ts"
import { VirtualProvider } from "./virtual-provider.ts"

const tokens = { input: 50, output: 50, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

/** A provider, with a log of what its callers hear and when. */
const provider = (written: unknown) => {
  const clock = new VirtualClock(60_000)
  const heard: Array<string> = []
  const answers: Array<Rejected> = []
  const inFlight: Array<number> = []
  const capacities: Array<number | null> = []
  const at = () => clock.now() - 60_000
  const made = new VirtualProvider({
    clock,
    behaviour: Schema.decodeUnknownSync(ProviderBehaviour)(written),
    random: seededRandom(1, "provider"),
    endMs: 660_000,
    observer: {
      onInFlight: (count) => inFlight.push(count),
      onCapacity: (capacity) => capacities.push(capacity),
      onOutage: () => undefined,
      onAccepted: () => undefined,
    },
  })
  const calls: Array<Call> = []
  const call = (name: string, atMs: number, { serviceMs = 1_000, model = "m" } = {}) => {
    const one: Call = {
      model,
      work: { serviceMs, firstByteMs: serviceMs / 5, tokens },
      onHeaders: () => heard.push(`${name} headers ${at()}`),
      onEnd: () => heard.push(`${name} end ${at()}`),
      onRejected: (answer) => {
        answers.push(answer)
        heard.push(`${name} ${answer.status} ${at()}`)
      },
      onBroken: () => heard.push(`${name} broken ${at()}`),
    }
    calls.push(one)
    clock.at(60_000 + atMs, () => made.arrive(one))
  }
  const classifications = () =>
    answers.map(
      (answer) =>
        readAnswer(spokenProtocol.openai, answer, { unknownRejection: "unknown", nowMs: clock.now() })
          .rejection?.classification,
    )
  return {
    made,
    calls,
    clock,
    call,
    heard,
    inFlight,
    capacities,
    classifications,
    run: (ms: number) => clock.run(60_000 + ms),
  }
}

describe("a provider in virtual time", () => {
  it("rejects the one above its limit, and says what for", async () => {
    const { call, heard, run, classifications } = provider({ concurrency: 1 })
    call("a", 0)
    call("b", 500)
    call("c", 1_001)
    await run(5_000)
    expect(heard).toEqual(["a headers 200", "b 429 505", "a end 1000", "c headers 1201", "c end 2001"])
    expect(classifications()).toEqual(["concurrency"])
  })

  it("says nothing of the kind where it is told so", async () => {
    const { call, run, classifications } = provider({ concurrency: 0, concurrencyTold: false })
    call("a", 0)
    await run(1_000)
    expect(classifications()).toEqual(["unknown"])
  })

  it("changes its limit at its time, and lets run what runs", async () => {
    const { call, heard, run, capacities } = provider({
      concurrency: {
        steps: [
          { fromS: 0, level: 2 },
          { fromS: 1, level: 1 },
        ],
      },
    })
    call("a", 0, { serviceMs: 3_000 })
    call("b", 0, { serviceMs: 3_000 })
    call("c", 2_000)
    await run(5_000)
    expect(heard.filter((line) => !line.includes("headers"))).toEqual([
      "c 429 2005",
      "a end 3000",
      "b end 3000",
    ])
    expect(capacities).toEqual([2, 1])
  })

  it("counts a slot longer where it is told so", async () => {
    const { call, heard, run, inFlight } = provider({ concurrency: 1, countsLongerMs: 3_000 })
    call("a", 0)
    call("b", 3_999)
    call("c", 4_001)
    await run(5_500)
    expect(heard).toEqual(["a headers 200", "a end 1000", "b 429 4004", "c headers 4201", "c end 5001"])
    expect(inFlight).toEqual([1, 0, 1])
  })

  it("rejects late where it is told so", async () => {
    const { call, heard, run } = provider({ concurrency: 0, rejectsAfterMs: 5_000 })
    call("a", 0)
    await run(6_000)
    expect(heard).toEqual(["a 429 5000"])
  })

  it("lets wait instead of rejecting where it is told so", async () => {
    const { call, heard, run } = provider({ concurrency: 1, aboveLimit: "wait" })
    call("a", 0)
    call("b", 100)
    await run(5_000)
    expect(heard).toEqual(["a headers 200", "a end 1000", "b headers 1200", "b end 2000"])
  })

  it("frees the slot of a call that leaves, and says nothing more to it", async () => {
    const { made, calls, call, clock, heard, run, inFlight } = provider({
      concurrency: 1,
      aboveLimit: "wait",
    })
    call("a", 0)
    call("b", 10)
    call("c", 20)
    clock.at(60_100, () =>
      calls
        .slice(0, 2)
        .toReversed()
        .forEach((one) => made.leave(one)),
    )
    await run(5_000)
    expect(heard).toEqual(["c headers 300", "c end 1100"])
    expect(inFlight).toEqual([1, 0, 1, 0])
  })

  it("has slots of their own for models", async () => {
    const { call, heard, run } = provider({ perModel: { x: 1, y: 1 } })
    call("x1", 0, { model: "x" })
    call("x2", 10, { model: "x" })
    call("y1", 20, { model: "y" })
    await run(100)
    expect(heard).toEqual(["x2 429 15"])
  })

  it("fails in an outage as it is told to", async () => {
    const outages = [
      { fromS: 0, forS: 1 },
      { fromS: 1, forS: 1, answers: 529 },
      { fromS: 2, forS: 1, answers: "connection" },
    ]
    const { call, heard, run, classifications } = provider({ outages })
    for (const [at, name] of ["a", "b", "c", "d"].entries()) call(name, at * 1_000)
    await run(3_500)
    expect(heard).toEqual(["a 503 0", "b 529 1000", "c broken 2000", "d headers 3200"])
    expect(classifications()).toEqual(["overloaded", "overloaded"])
  })

  it.each([
    [true, "requests"],
    [false, "unknown"],
  ])("rejects above its requests a minute, told: %s", async (told, kind) => {
    const { call, run, heard, classifications } = provider({ requests: { perMinute: 2, told } })
    for (const [at, name] of ["a", "b", "c"].entries()) call(name, at)
    call("d", 30_010)
    await run(40_000)
    expect(heard.filter((line) => !line.includes("end"))).toEqual([
      "c 429 7",
      "a headers 200",
      "b headers 201",
      "d headers 30210",
    ])
    expect(classifications()).toEqual([kind])
  })

  it("rejects by chance as often as it is told to", async () => {
    const { call, run, classifications } = provider({ noise: 0.1 })
    for (let at = 0; at < 2_000; at += 1) call(`r${at}`, at * 10)
    await run(30_000)
    expect(classifications().length / 2_000).toBeCloseTo(0.1, 1)
    expect(new Set(classifications())).toEqual(new Set(["concurrency"]))
  })

  it("shares its slots with strangers, who come and go", async () => {
    const { run, capacities } = provider({ concurrency: 40, strangers: { mean: 12 } })
    await run(600_000)
    const mean = capacities.reduce<number>((sum, capacity) => sum + (capacity ?? 0), 0) / capacities.length
    expect(mean).toBeGreaterThan(24)
    expect(mean).toBeLessThan(32)
    expect(new Set(capacities).size).toBeGreaterThan(5)
  })
})
