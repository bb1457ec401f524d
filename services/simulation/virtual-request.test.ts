import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import type { Demand } from "./demand.ts"
import { rejection } from "./provider/rejections.ts"
import type { Call } from "./provider/upstream.ts"
import { VirtualClock } from "./virtual-clock.ts"
import { type CompletedRequest, VirtualNode } from "./virtual-node.ts"
import { VirtualRequest } from "./virtual-request.ts"

const tokens = { input: 50, output: 50, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }

const demand: Demand = {
  client: "alice",
  protocol: "openai",
  model: "m",
  pool: "p",
  session: null,
  estimate: { inputTokens: 50, outputTokens: 1_024 },
  deadlineMs: null,
  leavesAfterMs: null,
  work: { serviceMs: 1_000, firstByteMs: 200, tokens },
}

type Script = (call: Call, account: string, attempt: number) => void

/** Sends requests through the actors to upstreams that do what the test says; a message takes 50 ms each way. */
const world = (script: Script, accounts: Array<object> = [{ id: "a" }], channel: object = {}) => {
  const clock = new VirtualClock(1_000_000)
  const completed: Array<CompletedRequest> = []
  const facts: Array<string> = []
  const left: Array<number> = []
  const node = new VirtualNode({
    clock,
    wanted: Schema.decodeUnknownSync(ConfigurationFile)({
      pools: [{ id: "p", models: ["m"], tiers: [["c"]] }],
      channels: [
        {
          id: "c",
          protocol: "openai",
          baseUrl: "http://virtual",
          models: ["m"],
          ...channel,
          accounts: accounts.map((account) => ({ credential: "env:A", concurrency: 5, ...account })),
        },
      ],
    }),
    random: () => 0.5,
    onFacts: (_, news) => facts.push(...news.map(({ type }) => type)),
    onCompleted: (request) => completed.push(request),
  })
  let attempts = 0
  const around = {
    clock,
    node,
    networkMs: () => 50,
    random: () => 0,
    isMetered: true,
    upstreamOf: (account: string) => ({
      arrive: (call: Call) => {
        attempts += 1
        script(call, account, attempts)
      },
      leave: () => left.push(clock.now() - 1_000_000),
    }),
  }
  let requests = 0
  const ask = (more: Partial<Demand> = {}): void => {
    requests += 1
    new VirtualRequest(around, { ...demand, ...more }, `r${requests}`).start()
  }
  return { ask, clock, completed, facts, left, run: (ms: number) => clock.run(1_000_000 + ms) }
}

const serves =
  (clock: () => VirtualClock): Script =>
  (call) => {
    const now = clock().now()
    clock().at(now + call.work.firstByteMs, () => call.onHeaders({}))
    clock().at(now + call.work.serviceMs, () => call.onEnd())
  }

describe("a request in virtual time", () => {
  it("is admitted, answered, metered, released and recorded", async () => {
    const { ask, run, completed, facts, clock } = world((call) => serves(() => clock)(call, "a", 1))
    ask()
    await run(2_000)
    expect(completed).toMatchObject([{ status: 200, code: "ok", waitMs: 0, ttftMs: 300, totalMs: 1_100 }])
    expect(facts.filter((type) => !type.endsWith("configured"))).toEqual([
      "channel.acquired",
      "account.acquired",
      "account.usage_recorded",
      "channel.released",
      "account.released",
    ])
  })

  it("waits for a slot in its place, and the wait is counted once", async () => {
    const { ask, run, completed, clock } = world(
      (call) => serves(() => clock)(call, "a", 1),
      [{ id: "a", concurrency: 1 }],
    )
    ask()
    ask()
    await run(3_000)
    expect(completed.map(({ waitMs, totalMs }) => [waitMs, totalMs])).toEqual([
      [0, 1_100],
      [1_100, 2_200],
    ])
  })

  it("goes back to its place after a rejection for concurrency, which no client hears of (B9)", async () => {
    const { ask, run, completed, clock } = world((call, account, attempt) =>
      attempt <= 6
        ? call.onRejected(rejection({ reason: "concurrency" }))
        : serves(() => clock)(call, account, attempt),
    )
    ask()
    await run(60_000)
    expect(completed).toMatchObject([{ status: 200 }])
    expect(completed[0]?.attempts.map(({ status }) => status)).toEqual([429, 429, 429, 429, 429, 429, 200])
  })

  it("waits no longer than the queue allows, over all of its returns to it (A6)", async () => {
    const { ask, run, completed } = world(
      (call) => call.onRejected(rejection({ reason: "concurrency" })),
      [{ id: "a" }],
      { queueTimeoutMs: 10_000 },
    )
    ask()
    await run(200_000)
    expect(completed).toMatchObject([{ status: 429, code: "channel_queue_timeout" }])
    expect(completed[0]?.totalMs).toBeLessThanOrEqual(10_000)
  })

  it("ends with what the upstream said where only the time for attempts bounds it (B9)", async () => {
    const { ask, run, completed } = world(
      (call) => call.onRejected(rejection({ reason: "concurrency" })),
      [{ id: "a" }],
      { queueTimeoutMs: null },
    )
    ask()
    await run(3_600_000)
    expect(completed).toMatchObject([{ status: 429, code: "upstream_error" }])
    expect(completed[0]?.totalMs).toBeGreaterThan(600_000)
    expect(completed[0]?.totalMs).toBeLessThan(610_000)
  })

  it("tries another account after any other 429, and gives up with the last one's answer", async () => {
    const asked: Array<string> = []
    const { ask, run, completed } = world(
      (call, account) => {
        asked.push(account)
        call.onRejected(rejection({ reason: "rate" }))
      },
      [{ id: "a" }, { id: "b" }],
    )
    ask()
    await run(1_000)
    expect(asked).toEqual(["a", "b"])
    expect(completed).toMatchObject([{ status: 429, code: "upstream_error" }])
  })

  it("tries the same account once more after a connection that failed, when it has paused", async () => {
    const sentAt: Array<number> = []
    const { ask, run, completed, clock } = world((call, account, attempt) => {
      sentAt.push(clock.now() - 1_000_000)
      if (attempt === 1) call.onBroken()
      else serves(() => clock)(call, account, attempt)
    })
    ask()
    await run(5_000)
    expect(sentAt).toEqual([50, 350])
    expect(completed).toMatchObject([{ status: 200 }])
  })

  it("is refused when the queue is full or its time is up", async () => {
    const { ask, run, completed } = world(() => undefined, [{ id: "a", concurrency: 1 }], {
      queueSize: 1,
      queueTimeoutMs: 500,
    })
    ask()
    ask({ client: "bob" })
    ask({ client: "bob" })
    await run(1_000)
    expect(completed.map(({ code, totalMs }) => [code, totalMs])).toEqual([
      ["channel_queue_full", 0],
      ["channel_queue_timeout", 500],
    ])
  })

  it("whose client leaves is read on for its usage, and then cut (A8, D4)", async () => {
    const { ask, run, completed, left, facts, clock } = world((call) => serves(() => clock)(call, "a", 1))
    ask({ leavesAfterMs: 500 })
    ask({ leavesAfterMs: 500, work: { ...demand.work, serviceMs: 60_000 } })
    await run(70_000)
    expect(completed.map(({ status, code, totalMs }) => [status, code, totalMs])).toEqual([
      [499, "client_closed", 1_100],
      [499, "client_closed", 10_500],
    ])
    expect(left).toEqual([10_550])
    expect(facts.filter((type) => type === "account.usage_recorded").length).toBe(2)
    expect(facts.filter((type) => type === "account.released").length).toBe(2)
  })

  it("whose client leaves while it waits or pauses is over at once", async () => {
    const { ask, run, completed, facts } = world((call) => call.onBroken(), [{ id: "a", concurrency: 1 }])
    ask({ leavesAfterMs: 150 })
    ask({ leavesAfterMs: 50 })
    await run(5_000)
    expect(completed.map(({ code, totalMs }) => [code, totalMs])).toEqual([
      ["client_closed", 50],
      ["client_closed", 150],
    ])
    expect(facts).toContain("channel.abandoned")
  })

  it("is cut at its deadline if no byte has come by then (B11)", async () => {
    const { ask, run, completed, left } = world(() => undefined)
    ask({ deadlineMs: 2_000 })
    await run(5_000)
    expect(completed).toMatchObject([{ status: 504, code: "deadline_exceeded", totalMs: 2_000 }])
    expect(left).toEqual([2_050])
  })

  it("does not try again beyond its deadline", async () => {
    const { ask, run, completed } = world((call) => call.onBroken())
    ask({ deadlineMs: 250 })
    await run(5_000)
    expect(completed).toMatchObject([{ status: 502, attempts: [{ status: 0 }] }])
  })
})
