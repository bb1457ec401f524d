import { describe, expect, it } from "vitest"
import type { Call, Rejected } from "../../provider/upstream.ts"
import { VirtualClock } from "../../virtual-clock.ts"
import type { RecordedAttempt } from "../recording/recorded-attempt.ts"
import { attempt, failed, rejected } from "../testing/attempts.ts"
import { ModelledProvider } from "./modelled-provider.ts"
import { modelProviders } from "./provider-model.ts"

const tokens = { input: 5, output: 5, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

/** A provider as a record tells of it, and what its callers hear; the record begins at 0. */
const provider = (recorded: ReadonlyArray<RecordedAttempt>) => {
  const clock = new VirtualClock(0)
  const model = modelProviders(recorded).get("a")
  if (model === undefined) throw new Error("nothing was recorded of a")
  const made = new ModelledProvider(model, clock)
  const heard: Array<string> = []
  const answers: Array<Rejected> = []
  const call = (name: string, atMs: number, serviceMs = 1_000): Call => {
    const one: Call = {
      model: "m",
      work: { serviceMs, firstByteMs: 200, tokens },
      onHeaders: () => undefined,
      onEnd: () => heard.push(`${name} end ${clock.now()}`),
      onRejected: (answer) => {
        answers.push(answer)
        const { classification = "" } = answer.meaning?.rejection ?? {}
        heard.push(`${name} ${answer.status} ${classification} ${clock.now()}`)
      },
      onBroken: (cause) => heard.push(`${name} ${cause} ${clock.now()}`),
    }
    clock.at(atMs, () => made.arrive(one))
    return one
  }
  return { made, model, call, clock, heard, answers }
}

/** Two at once are taken, a third one is rejected, again and again for a minute. */
const two = Array.from({ length: 30 }, (_, nth) => [
  attempt(2_000 * nth),
  attempt(2_000 * nth + 10),
  rejected(2_000 * nth + 20, "concurrency"),
]).flat()

describe("a provider as it was recorded", () => {
  it("takes as many at once as it took, in the time of its quickest answer, and says no in its own words", async () => {
    const { call, clock, heard } = provider(two)
    call("one", 100)
    const left = call("two", 100)
    call("three", 110)
    call("four", 300)
    call("five", 400)
    clock.at(350, () => left)
    await clock.run(5_000)
    expect(heard).toEqual([
      "three 429 concurrency 110",
      "four 429 concurrency 300",
      "five 429 concurrency 400",
      "one end 1050",
      "two end 1050",
    ])
  })

  it("frees the slot of a call that leaves", async () => {
    const { made, call, clock, heard } = provider(two)
    const one = call("one", 100)
    call("two", 100)
    clock.at(200, () => made.leave(one))
    call("three", 210)
    await clock.run(5_000)
    expect(heard).toEqual(["two end 1050", "three end 1160"])
  })

  it("takes everything where nothing was rejected", async () => {
    const { call, clock, heard } = provider([attempt(0)])
    for (let nth = 0; nth < 50; nth += 1) call("one", 0)
    await clock.run(5_000)
    expect(new Set(heard)).toEqual(new Set(["one end 1000"]))
  })

  it("fails while it failed, as it did", async () => {
    const down = [failed(1_000), failed(2_000), failed(3_000), failed(4_000)]
    const { call, clock, heard } = provider([attempt(0), ...down, attempt(6_000)])
    for (const atMs of [900, 1_500, 4_900, 5_100]) call(`at ${atMs}`, atMs)
    await clock.run(10_000)
    expect(heard).toEqual(["at 1500 500  1550", "at 900 end 1900", "at 4900 500  4950", "at 5100 end 6100"])
  })

  it("fails a single time where it did, and breaks a connection as it was broken", async () => {
    const broken = { ...failed(1_000), status: 0, meaning: null }
    const { call, clock, heard } = provider([attempt(0), broken, attempt(2_000)])
    for (const atMs of [900, 1_500, 1_600]) call(`at ${atMs}`, atMs)
    await clock.run(10_000)
    expect(heard).toEqual(["at 1500 connection 1550", "at 900 end 1900", "at 1600 end 2600"])
  })

  it("says of its limit per minute when it is over, as its own count has it", async () => {
    const told = { statedPerMinute: 60, retryAfterMs: 7_000 }
    const { call, clock, answers, model } = provider([
      ...Array.from({ length: 60 }, (_, nth) => attempt(nth)),
      rejected(100, "requests", told),
    ])
    expect(model.rates).toMatchObject([{ rule: { perMinute: 60, window: "bucket" } }])
    for (let nth = 0; nth < 62; nth += 1) call(`${nth}`, 100)
    await clock.run(10_000)
    expect(answers.map(({ meaning }) => meaning?.rejection?.retryAfterMs)).toEqual([1_000, 1_000])
  })

  it("rejects what nothing explains as often, where it was", async () => {
    const noisy = Array.from({ length: 300 }, (_, nth) =>
      nth % 100 === 42 ? rejected(1_000 * nth, "concurrency") : attempt(1_000 * nth),
    )
    const { call, clock, heard, model } = provider([...noisy, ...crowd(400_000)])
    expect(model.noise).toHaveLength(3)
    for (let nth = 0; nth < 300; nth += 1) call(`${nth}`, 1_000 * nth)
    await clock.run(400_000)
    expect(heard.filter((line) => !line.includes("end"))).toEqual([
      "42 429 concurrency 42000",
      "142 429 concurrency 142000",
      "242 429 concurrency 242000",
    ])
  })
})

/** Ten at once that are taken: what proves that those before were not rejected for their number. */
const crowd = (fromMs: number): ReadonlyArray<RecordedAttempt> =>
  Array.from({ length: 10 }, (_, nth) => attempt(fromMs + nth))
