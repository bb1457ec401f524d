import { type Fact, factProblem } from "@sluice/events/commit.ts"
import { describe, expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import { CommitTooLarge, type EventLog } from "../event-log/event-log.ts"
import { createMemoryLog } from "../event-log/testing/memory-log.ts"
import type { Decider, Denial } from "./decider.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { FactsRefused, storable } from "./storable-facts.ts"
import { commitsIn, counting, type Starts, subject } from "./testing/counting.ts"

const clock = manualClock(1_000)

/** Decides the facts that it is given. */
const obedient: Decider<Starts, ReadonlyArray<Fact>, Denial> = {
  ...counting,
  decide: (_, facts) => ({ kind: "facts", facts }),
}

const open = async (log: EventLog) => {
  const troubles: Array<string> = []
  const events = { onTrouble: (message: string) => void troubles.push(message) }
  const hosted = await HostedSubject.open(subject, obedient, { log, clock, node: "n", events })
  return { hosted, troubles }
}

const started = (fields: object = {}): Fact => ({
  actor: "ingress/n",
  type: "node.started",
  at: 1_000,
  incarnation: "i",
  clean: true,
  ...fields,
})

const unreadable: ReadonlyArray<readonly [what: string, fact: Fact]> = [
  ["a number beyond what is exact", started({ at: 2 ** 53 })],
  ["no number", started({ at: Number.NaN })],
  ["a text where a truth value belongs", started({ clean: "yes" })],
  ["a type that no reader knows", started({ type: "node.vanished" })],
  ["a missing field", started({ incarnation: undefined })],
]

describe("L6: what is decided", () => {
  it.each(unreadable)("is refused where it holds %s, and nothing else is touched", async (_, fact) => {
    const log = createMemoryLog()
    const { hosted, troubles } = await open(log)
    hosted.execute([started()])
    expect(() => hosted.execute([started(), fact])).toThrow(FactsRefused)
    await expect(hosted.submit([fact])).rejects.toBeInstanceOf(FactsRefused)
    hosted.execute([started()])
    await hosted.settled
    expect([hosted.isLive, hosted.state.count, troubles]).toEqual([true, 2, []])
    expect((await commitsIn(log)).flatMap(({ facts }) => facts)).toHaveLength(2)
    expect((await open(log)).hosted.state.count).toBe(2)
  })

  it("in one turn goes into commits of 256 KiB, and a larger decision has one of its own", async () => {
    const log = createMemoryLog()
    const { hosted } = await open(log)
    for (const kilobytes of [1, 200, 200, 40, 300, 10])
      hosted.execute([started({ incarnation: "x".repeat(kilobytes * 1024) })])
    await hosted.settled
    const sizes = (await commitsIn(log)).map(({ facts }) => facts.length)
    expect(sizes).toEqual([2, 2, 1, 1])
  })

  it("is refused where the log takes no message of its size, and nothing else is touched", async () => {
    const log = createMemoryLog()
    const { hosted, troubles } = await open(log)
    expect(() => hosted.execute([started({ incarnation: "x".repeat(9 * 1024 * 1024) })])).toThrow(
      /a commit holds at most/u,
    )
    hosted.execute([started()])
    await hosted.settled
    expect([hosted.isLive, hosted.state.count, troubles]).toEqual([true, 1, []])
  })

  it("is decided again in smaller commits where the log takes less than it said", async () => {
    const memory = createMemoryLog()
    let bytesMax = 1_024 * 1_024
    const log: EventLog = {
      ...memory,
      bodyBytesMax: () => bytesMax,
      append: async (commit) => {
        const bytes = commit.body.length
        if (bytes > 100_000) {
          bytesMax = 100_000
          throw new CommitTooLarge({ subject, bytes, bytesMax })
        }
        return memory.append(commit)
      },
    }
    const { hosted } = await open(log)
    const large = [started({ incarnation: "x".repeat(60_000) })]
    const stored = await Promise.allSettled([hosted.submit(large), hosted.submit(large)])
    expect(stored.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"])
    expect((await commitsIn(log)).map(({ facts }) => facts.length)).toEqual([1, 1])
  })
})

const id = "i".repeat(55)
const most = Number.MAX_SAFE_INTEGER
const model = "\u0001".repeat(256)
const session = "s".repeat(64)
const lease = { request: "R".repeat(26), attempt: most, lease: `${"R".repeat(26)}.${most}` }
const estimate = { inputTokens: most, outputTokens: most }
const rest = { class: "bound", client: id, model, inFlight: most } as const
const ended = {
  ...lease,
  outcome: "upstream_error",
  status: most,
  holdMs: most,
  ttftMs: most,
  inFlight: most,
  classification: "concurrency",
  model,
  jitter: -0.123_456_789_012_345_68,
  retryAfterMs: most,
} as const
const ofChannel = { actor: `channel/${id}`, at: most, ...lease }
const ofAccount = { actor: `account/${id}`, at: most, ...lease }
const tokens = { input: most, output: most, cacheRead: most, cacheWrite5m: most, cacheWrite1h: most }
/** Everything that can be long in a fact of a request is as long as it may be. */
const longest: ReadonlyArray<Fact> = [
  { ...ofChannel, ...rest, type: "channel.acquired", account: id, waitMs: most, estimatedTokens: most },
  { ...ofChannel, type: "channel.accepted", ttfbMs: most, by: "headers" },
  { ...ofChannel, type: "channel.settled", tokens: most, estimatedTokens: most },
  { ...ofChannel, ...ended, type: "channel.released", account: id },
  {
    ...ofAccount,
    ...rest,
    type: "account.acquired",
    session,
    estimate,
    estimatedCostNanoUsd: most,
    takenTokens: most,
    isProbe: false,
  },
  {
    ...ofAccount,
    ...ended,
    type: "account.released",
    startedAt: most,
    gateUntil: most,
    fingerprint: "f".repeat(64),
  },
  { ...ofAccount, type: "account.accepted", ttfbMs: most, by: "headers" },
  {
    ...ofAccount,
    type: "account.usage_recorded",
    client: id,
    model,
    tokens: { ...tokens, reasoning: most },
    standardCostNanoUsd: most,
    costNanoUsd: most,
    multiplier: 0.123_456_789_012_345_68,
    priced: false,
    complete: false,
    estimated: false,
    prices: "p".repeat(64),
    windowStart: most,
  },
  {
    actor: `ingress/${id}`,
    type: "request.completed",
    at: most,
    request: lease.request,
    client: id,
    protocol: "anthropic",
    path: "\u0001".repeat(300),
    model: "\u0001".repeat(200),
    pool: id,
    session,
    sessionSource: "prompt_cache_key",
    streaming: false,
    arrivedAt: most,
    deadlineMs: most,
    estimate,
    maxTokens: most,
    candidates: Array.from({ length: 9 }, () => ({ channel: id, account: id, reason: "log_unavailable" })),
    attempts: Array.from({ length: 9 }, () => ({
      attempt: most,
      channel: id,
      account: id,
      outcome: "upstream_error",
      status: most,
      waitMs: most,
    })),
    channel: id,
    account: id,
    status: most,
    code: "c".repeat(40),
    waitMs: most,
    ttftMs: most,
    totalMs: most,
    bytesIn: most,
    bytesOut: most,
  },
]
it.each(longest.map((fact) => [fact.type, fact] as const))(
  "L6: what %s is taken to take is no less than it takes",
  (_, fact) => {
    expect(factProblem(fact)).toBeUndefined()
    const { bytes } = storable([fact], { subject, bodyBytesMax: 1_048_576 })
    expect(bytes).toBeGreaterThanOrEqual(Buffer.byteLength(JSON.stringify(fact)) + 1)
  },
)

it("L6: what is taken to be too large is measured", () => {
  const [completed] = longest.slice(-1)
  if (completed?.type !== "request.completed") throw new Error("it is another fact")
  const candidate = { channel: "c", reason: "model" } as const
  const short = { ...completed, candidates: Array.from({ length: 5_000 }, () => candidate) }
  const { bytes } = storable([short], { subject, bodyBytesMax: 1_048_576 })
  expect(bytes).toBe(Buffer.byteLength(JSON.stringify([short])))
})
