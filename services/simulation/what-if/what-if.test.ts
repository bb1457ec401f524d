import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { describe, expect, it } from "vitest"
import { differencesOf } from "./check-of-itself.ts"
import {
  builtInPrices,
  configurationOf,
  recordVirtually,
  startMs,
  type VirtualRecordOptions,
} from "./testing/virtual-record.ts"
import { readRecording, whatIf } from "./what-if.ts"

const signal = new AbortController().signal
const onProgress = () => undefined

const compare = async (
  log: EventLog,
  other: ConfigurationFile,
  { fromS, toS, seed = 1 }: { fromS?: number; toS?: number; seed?: number } = {},
) => {
  const at = (s: number | undefined) => (s === undefined ? null : startMs + s * 1000)
  const recording = await readRecording(log, {
    wanted: { fromMs: at(fromS), toMs: at(toS) },
    signal,
    onProgress,
  })
  return whatIf({ recording, other, prices: builtInPrices, seed, signal, onProgress })
}

const queue = { queueSize: 20, queueTimeoutMs: 5_000 }
const limited = (concurrency: number | "adaptive") => configurationOf([{ id: "a", concurrency }], queue)
const recordOf = (more: Partial<VirtualRecordOptions> & Pick<VirtualRecordOptions, "providers">) =>
  recordVirtually({ configurations: [[0, limited(30)]], seconds: 300, perSecond: 15, ...more })

/** Twice as much as a provider takes, by a limit that is too high. */
const crowded = await recordOf({ providers: { a: { concurrency: 20 } } })

describe("what if", () => {
  it("comes to what was recorded, run again as it was configured", async () => {
    const { recorded, again } = await compare(crowded, limited(30))
    expect(differencesOf(recorded, again)).toEqual([])
    expect(recorded.rejections).toBeGreaterThan(3)
    expect(recorded.codes["channel_queue_full"]).toBeGreaterThan(100)
    expect(again.requests).toBe(recorded.requests)
    expect(again.costNanoUsd / recorded.costNanoUsd).toBeCloseTo(1, 1)
    expect(again.channels[0]?.utilization).toBeCloseTo(recorded.channels[0]?.utilization ?? 0, 1)
    expect(again.waits.p50 / recorded.waits.p50).toBeCloseTo(1, 0)
  })

  it("gives the same bytes for the same seed, and others for another", async () => {
    const bytes = async (seed: number) => JSON.stringify(await compare(crowded, limited(25), { seed }))
    const one = await bytes(1)
    expect(await bytes(1)).toBe(one)
    expect(await bytes(2)).not.toBe(one)
  })

  it("completes half as much with half of the slots, and is rejected no more", async () => {
    const { again, other } = await compare(crowded, limited(10))
    expect(other.completed / again.completed).toBeCloseTo(0.5, 1)
    expect(other.rejections).toBe(0)
    expect(other.codes["channel_queue_full"]).toBeGreaterThan(again.codes["channel_queue_full"] ?? 0)
    expect(other.channels).toMatchObject([{ channel: "c", rejections: 0 }])
    expect(other.costNanoUsd).toBeLessThan(again.costNanoUsd)
  })

  it("completes more with a second account, which is taken to be like the first", async () => {
    const two = configurationOf(
      ["a", "b"].map((id) => ({ id, concurrency: 20 })),
      queue,
    )
    const { again, other } = await compare(crowded, two)
    expect(other.completed / again.completed).toBeGreaterThan(1.7)
    expect(other.waits.p50).toBeLessThan(again.waits.p50)
  })

  it("completes more with a limit that is learned, where rejections by chance hold a fixed one down", async () => {
    const noisy = await recordOf({ providers: { a: { concurrency: 20, noise: 0.03 } } })
    const { recorded, again, other } = await compare(noisy, limited("adaptive"))
    expect(again.completed / recorded.completed).toBeCloseTo(1, 0)
    expect(other.completed / again.completed).toBeGreaterThan(2)
  })

  it("follows a limit of the provider that changes, and a configuration that did", async () => {
    const steps = [
      { fromS: 0, level: 20 },
      { fromS: 300, level: 8 },
      { fromS: 600, level: 25 },
    ]
    const patient = { queueSize: 20, queueTimeoutMs: 60_000 }
    const learned = configurationOf([{ id: "a", concurrency: "adaptive" }], patient)
    const log = await recordOf({
      configurations: [
        [0, learned],
        [450, configurationOf([{ id: "a", concurrency: 6 }], patient)],
      ],
      providers: { a: { concurrency: { steps } } },
      seconds: 900,
    })
    const { recorded, again, other } = await compare(log, learned)
    expect(differencesOf(recorded, again)).toEqual([])
    expect(other.completed).toBeGreaterThan(again.completed)
  })

  it("finds a limit per minute that the provider does not tell, and stays below it if it is configured", async () => {
    const providers = { a: { requests: { perMinute: 300, told: false } } }
    const log = await recordOf({ providers, perSecond: 7 })
    const { again, other } = await compare(log, configurationOf([{ id: "a", rpm: 290 }], queue))
    expect(again.rejections).toBeGreaterThan(5)
    expect(other.rejections).toBeLessThan(again.rejections / 3)
  })

  it("sends what was recorded from one time to another, as was configured then", async () => {
    const log = await recordOf({
      configurations: [
        [0, limited(5)],
        [100, limited(15)],
      ],
      providers: { a: { concurrency: 20 } },
    })
    const whole = await compare(log, limited(15))
    const { recorded, again, other } = await compare(log, limited(15), { fromS: 150, toS: 250 })
    expect(recorded.requests).toBeLessThan(whole.recorded.requests / 2)
    expect(recorded.requests).toBeGreaterThan(1_300)
    expect(other).toEqual(again)
    expect(whole.other.completed).toBeGreaterThan(whole.again.completed)
  })

  it("says in a line where there is nothing to run", async () => {
    await expect(compare(crowded, limited(30), { fromS: 10_000 })).rejects.toThrow(
      /^no request is recorded in that time$/,
    )
    await expect(compare(createMemoryLog(), limited(30))).rejects.toThrow("no request is recorded")
    const down = { outages: [{ fromS: 0, forS: 300 }] }
    const failed = await recordOf({ providers: { a: down }, perSecond: 1 })
    await expect(compare(failed, limited(30))).rejects.toThrow(/^no request was answered in that time/)
  })
})
