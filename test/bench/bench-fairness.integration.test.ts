import { beforeAll, describe, expect, test } from "vitest"
import { configureUpstream, startUpstream } from "./contestants/upstream.ts"
import { atOnce } from "./fairness/arrivals.ts"
import { drive } from "./fairness/drive.ts"
import { quickFairness } from "./fairness/fairness-plan.ts"
import type { FairnessReport } from "./fairness/fairness-report.ts"
import { fairnessText } from "./fairness/fairness-text.ts"
import { unpaired } from "./fairness/leases.ts"
import { runFairness } from "./fairness/run-fairness.ts"
import { Processes } from "./processes.ts"

/** Slots are held for so long that even a slow machine lets every client leave before one is free. */
const plan = {
  ...quickFairness,
  slots: 8,
  serviceMs: 100,
  queueSize: 40,
  abortHoldMs: 0,
  sharing: { warmUp: { seconds: 1, perSecond: 40 }, seconds: 2, perSecond: { polite: 5, greedy: 150 } },
  handOff: { seconds: 1, perSecond: 40, rounds: 1 },
  leaving: { holdMs: 4_000, leavers: 20, leaveAfterMs: 200 },
  storm: { requests: 300, connections: 60, part: 0.6, withinMs: 300 },
} as const

const ignore = (): void => undefined

describe("fairness and order", () => {
  let report: FairnessReport

  beforeAll(async () => {
    await using processes = new Processes()
    report = await runFairness(processes, { plan, withHaproxy: false, say: ignore })
  })

  test("a polite client beside a greedy one has all of its requests served", () => {
    const [polite, greedy] = report.sharing
    expect(polite).toMatchObject({ client: "polite", sent: 10, served: 10, statuses: { 200: 10 } })
    expect(greedy).toMatchObject({ client: "greedy", sent: 300 })
    expect(greedy?.statuses[429]).toBeGreaterThan(0)
  })

  test("near the capacity everybody is served, beside what an ideal hand-off would be", () => {
    expect(report.handOff.map(({ contestant }) => contestant)).toEqual(["ideal", "sluice"])
    for (const { sent, served } of report.handOff) {
      expect(sent).toBeGreaterThan(0)
      expect(served).toBe(sent)
    }
  })

  test("nobody who leaves the queue reaches the upstream", () => {
    expect(report.leaving).toEqual([{ contestant: "sluice", left: 20, reachedUpstream: 0 }])
  })

  test("a storm of requests that are given up exceeds no limit, and leaves no lease behind", () => {
    const { sent, left, served, ...exact } = report.storm
    expect([sent, left + served]).toEqual([300, 300])
    expect(left).toBeGreaterThan(100)
    expect(exact).toEqual({ peakOffered: 8, aboveLimit: 0, atOnce: 8, unpairedLeases: 0 })
  })

  test("the report is written for people, and without HAProxy no bar compares with it", () => {
    const text = fairnessText(report)
    expect(report.bars).toHaveLength(7)
    for (const { bar } of report.bars) expect(text).toContain(bar)
  })
})

describe("the load", () => {
  test("counts what the upstream refuses, and the client that leaves as one without an answer", async () => {
    await using processes = new Processes()
    const upstream = await startUpstream(processes)
    await configureUpstream(upstream, { concurrencyLimit: 2, jitter: 0 })
    const asking = { arrivals: atOnce(3), serviceMs: 300 }
    const statuses = (await drive(upstream, asking)).map(({ status }) => String(status))
    expect(statuses.toSorted()).toEqual(["200", "200", "429"])
    const leaving = { arrivals: atOnce(1, { client: "polite", leavesAfterMs: 50 }), serviceMs: 5_000 }
    expect(await drive(upstream, leaving)).toMatchObject([{ client: "polite", status: null }])
  })

  test("takes a latency from when the request was to come, also where it had to wait for a connection", async () => {
    await using processes = new Processes()
    const upstream = await startUpstream(processes)
    const answers = await drive(upstream, { arrivals: atOnce(3), serviceMs: 100, connections: 1 })
    expect(answers.map(({ latencyMs }, at) => latencyMs > 100 * at + 50)).toEqual([true, true, true])
  })

  test("fails when a connection breaks, whatever is still to come", async () => {
    const nobody = { name: "haproxy", url: "http://127.0.0.1:1", headers: {} } as const
    const arrivals = [...atOnce(1), { client: "polite", atMs: 60_000 } as const]
    await expect(drive(nobody, { arrivals, serviceMs: 0 })).rejects.toThrow("haproxy: a request failed")
  })
})

test("a lease is paired when it begins once and ends once", () => {
  expect(unpaired(["a", "b"], ["b", "a"])).toBe(0)
  expect(
    unpaired(["never ended", "ended twice", "a"], ["ended twice", "ended twice", "never begun", "a"]),
  ).toBe(3)
})
