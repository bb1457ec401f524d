import type { Commit, Fact } from "@sluice/events/commit.ts"
import { describe, expect, test } from "vitest"
import { exampleCommits } from "../testing/example-commits.ts"
import { adjustments } from "./adjustments.ts"
import { admissions } from "./admissions.ts"
import { cooldowns } from "./cooldowns.ts"
import { facts } from "./facts.ts"
import { limits } from "./limits.ts"
import { projections } from "./projections.ts"
import { requests } from "./requests.ts"
import { timeColumn, type Projection } from "./row.ts"
import { sessions } from "./sessions.ts"
import { usage } from "./usage.ts"
import { windows } from "./windows.ts"

const messages = [...exampleCommits({ requests: 60 })].map((message, place) => ({
  ...message,
  sequence: place + 1,
}))

const rowsOf = <Row>({ rows }: Projection<Row>): ReadonlyArray<Row> =>
  messages.flatMap((message) => rows(message.commit, message))

const firstOf = (
  type: Fact["type"],
): { commit: Commit; subject: string; sequence: number; index: number } => {
  for (const { commit, subject, sequence } of messages) {
    const index = commit.facts.findIndex((fact) => fact.type === type)
    if (index !== -1) return { commit, subject, sequence, index }
  }
  throw new Error(`there is no ${type}`)
}

const rowOf = <Row extends { index: number }>(projection: Projection<Row>, type: Fact["type"]): Row => {
  const { index, ...place } = firstOf(type)
  const found = projection.rows(place.commit, place).find((row) => row.index === index)
  if (found === undefined) throw new Error(`${type} gives no row of ${projection.table}`)
  return found
}

describe("tables", () => {
  test("every row of a table has all of its columns and nothing else", () => {
    for (const projection of projections) {
      const columns = Object.keys(projection.columns).toSorted()
      const rows = rowsOf(projection)
      expect(rows).not.toEqual([])
      for (const row of rows) expect(Object.keys(row).toSorted()).toEqual(columns)
    }
  })

  test("no two rows of a table share subject, version and index", () => {
    for (const projection of projections) {
      const keys = rowsOf(projection).map((row) => {
        const { subject, version, index } = row as { subject: string; version: number; index: number }
        return [subject, version, index].join()
      })
      expect(new Set(keys).size).toBe(keys.length)
    }
  })

  test("a fact gives a row whose data holds what has no column", () => {
    const { commit, subject, sequence, index } = firstOf("account.acquired")
    expect(rowOf(facts, "account.acquired")).toEqual({
      at: commit.at,
      sequence,
      subject,
      version: commit.version,
      index,
      kind: "account",
      actor: "account/key-0",
      type: "account.acquired",
      request: "request-00000000000000000000",
      lease: "lease-00000000000000000000",
      node: "node-1",
      data: {
        attempt: 1,
        class: "new",
        client: "demo",
        model: "demo-gpt",
        inFlight: 1,
        estimate: { inputTokens: 100, outputTokens: 400 },
      },
    })
  })

  test("a metered attempt gives tokens by kind and exact amounts", () => {
    expect(rowOf(usage, "account.usage_recorded")).toMatchObject({
      channel: "channel-0",
      account: "key-0",
      inputTokens: 100,
      outputTokens: 300,
      cacheReadTokens: 7,
      cacheWrite5mTokens: 5,
      cacheWrite1hTokens: 3,
      reasoningTokens: 11,
      standardCostUsd: 1_000_000_007,
      costUsd: 2_000_000_014,
      windowStart: null,
    })
  })

  test("a metered attempt tells the start of the window that it was counted in", () => {
    const { commit, ...place } = firstOf("account.usage_recorded")
    const windowStart = Date.UTC(2026, 9, 31, 23)
    const changed = commit.facts.map((fact) =>
      fact.type === "account.usage_recorded" ? { ...fact, windowStart } : fact,
    )
    expect(usage.rows({ ...commit, facts: changed }, place)).toMatchObject([{ windowStart }])
  })

  test("a request counts its attempts, and those that the upstream refused for their rate", () => {
    const rows = rowsOf(requests)
    expect(rows).toHaveLength(60)
    expect(rows[4]).toMatchObject({ status: 429, attempts: 1, rateLimited: 1, code: "upstream_error" })
    expect(rows[9]).toMatchObject({ status: 429, attempts: 0, rateLimited: 0, code: "channel_queue_full" })
    expect(rows[0]).toMatchObject({ status: 200, attempts: 1, rateLimited: 0, code: "ok" })
  })

  test("an admission has one of four outcomes, and what its fact does not tell is null", () => {
    expect(rowOf(admissions, "channel.acquired")).toMatchObject({
      outcome: "acquired",
      class: "new",
      waiting: null,
    })
    expect(rowOf(admissions, "channel.timed_out")).toMatchObject({
      outcome: "timed_out",
      waitMs: 1_500,
      waiting: 2,
      inFlight: null,
    })
    expect(rowOf(admissions, "channel.abandoned")).toMatchObject({
      outcome: "abandoned",
      reason: "client_left",
    })
    expect(rowOf(admissions, "channel.rejected")).toMatchObject({
      outcome: "rejected",
      reason: "queue_full",
      attempt: null,
      waitMs: null,
      inFlight: 2,
      waiting: 3,
      count: 4,
    })
  })

  test("the steps of a cooldown share its id", () => {
    const steps = rowsOf(cooldowns).filter(({ cooldown }) => cooldown === "cooldown-4")
    expect(steps.map(({ step }) => step)).toEqual(["started", "extended", "ended"])
    expect(steps.map(({ endedBy }) => endedBy)).toEqual(["", "", "elapsed"])
    expect(steps.map(({ model }) => model)).toEqual(["demo-gpt", "demo-gpt", ""])
  })

  test("an admission tells the account, the session and the in-flight that the same commit granted", () => {
    const rows = rowsOf(admissions)
    const of = (request: string) => rows.find((row) => row.request === request)
    expect(of("request-00000000000000000002")).toMatchObject({
      actor: "channel/channel-2",
      account: "key-2",
      session: "0000000000000002",
      inFlight: 1,
      accountInFlight: 1,
    })
    expect(of("request-00000000000000000003")).toMatchObject({ account: "key-3", session: "" })
    expect(rowOf(admissions, "channel.rejected")).toMatchObject({ account: "", accountInFlight: null })
  })

  test("a request tells its session and where the key of it was found, if it has one", () => {
    const rows = rowsOf(requests)
    expect(rows[2]).toMatchObject({ session: "0000000000000002", sessionSource: "header" })
    expect(rows[3]).toMatchObject({ session: "", sessionSource: "" })
  })

  test("the steps of a stay share its id, and its end says why and when the session was last seen", () => {
    const steps = rowsOf(sessions).filter(({ stay }) => stay === "stay-12")
    expect(steps).toMatchObject([
      { account: "key-0", session: "000000000000000c", step: "registered", lastSeenAt: null, why: "" },
      { account: "key-0", session: "000000000000000c", step: "ended", why: "unbound" },
    ])
    expect(steps[1]?.lastSeenAt).toBe((steps[0]?.at ?? 0) + 800)
    expect(rowsOf(sessions).find(({ stay, step }) => stay === "stay-22" && step === "ended")?.why).toBe(
      "expired",
    )
  })

  test("the steps of a window are that it opens and its states, with exact amounts", () => {
    const steps = rowsOf(windows).filter(({ account }) => account === "key-0")
    const limitUsd = 12_500_000_000
    expect(steps).toMatchObject([
      { step: "opened", source: "hour", start: Date.UTC(2026, 9, 31, 23), costUsd: null, limitUsd },
      { step: "opened", source: "official", end: Date.UTC(2026, 10, 1, 3, 10), limitUsd },
      { step: "state", state: "sticky_only", end: null, costUsd: 13_000_000_000, limitUsd },
    ])
  })

  test("a limit that was not configured is null, and a removal leaves none", () => {
    expect(rowOf(limits, "channel.configured")).toMatchObject({
      actor: "channel/channel-0",
      channel: "channel-0",
      removed: false,
      enabled: true,
      concurrency: 2,
      queueSize: 5,
      rpm: null,
      windowLimitUsd: null,
    })
    expect(rowOf(limits, "account.configured")).toMatchObject({
      actor: "account/key-0",
      channel: "channel-0",
      concurrency: 4,
      queueSize: null,
      windowLimitUsd: 12_500_000_000,
    })
    const { commit, ...place } = firstOf("channel.configured")
    const [configured] = commit.facts
    const removed = { ...configured, type: "channel.removed", reason: "deleted" } as Fact
    expect(limits.rows({ ...commit, facts: [removed] }, place)).toMatchObject([
      { actor: "channel/channel-0", removed: true, enabled: false, concurrency: null },
    ])
  })

  test("a limit that is learned is none that was configured, and tells where it begins", () => {
    const rows = rowsOf(limits).filter(({ actor }) => actor === "account/key-3")
    expect(rows).toMatchObject([{ concurrency: null, adaptive: true, initial: 4 }])
    expect(rowOf(limits, "account.configured")).toMatchObject({ adaptive: false, initial: null })
  })

  test("a checkpoint tells what was learned by then", () => {
    const [at, first] = [messages[0]?.commit, messages.flatMap(({ commit }) => commit.facts)]
    const configured = first.find((fact) => fact.actor === "account/key-3")
    if (at === undefined || configured?.type !== "account.configured") throw new Error("there is no key-3")
    const { config, actor } = configured
    const context = { config, removed: false, learning: { limit: 17 } }
    const written = { actor, at: at.at, part: 0, parts: 1, shape: 1, machineHash: "m", value: {}, context }
    const commit: Commit = { ...at, facts: [{ ...written, type: "account.checkpointed" }] }
    expect(limits.rows(commit, { subject: "sluice.log.channel.channel-3", sequence: 9 })).toMatchObject([
      { actor, channel: "channel-3", adaptive: true, initial: 17 },
    ])
  })

  test("a change of a limit tells what it came from, and who made it where somebody did", () => {
    expect(rowOf(adjustments, "account.limit_adjusted")).toMatchObject({
      actor: "account/key-0",
      channel: "channel-0",
      from: 4,
      to: 3,
      reason: "rejected",
      mode: "",
      classification: "concurrency",
      inFlight: 3,
      utilization: 0.75,
      samples: 7,
      by: "",
    })
    const untold = { classification: "", inFlight: null, utilization: null, samples: null, by: "api:example" }
    expect(rowOf(adjustments, "account.mode_changed")).toMatchObject({
      from: 4,
      to: 4,
      reason: "mode",
      mode: "adaptive",
      ...untold,
    })
    expect(rowOf(adjustments, "account.learning_reset")).toMatchObject({
      from: 9,
      to: 4,
      reason: "learning_reset",
      mode: "",
      ...untold,
    })
  })

  test("a limit in USD that is beyond every amount of a fact still fits its column", () => {
    const { commit, ...place } = firstOf("account.configured")
    const changed = commit.facts.map((fact) =>
      fact.type === "account.configured"
        ? { ...fact, config: { ...fact.config, windowCost: { limitUsd: 1e300, stickyReserveUsd: 0 } } }
        : fact,
    )
    expect(limits.rows({ ...commit, facts: changed }, place)[1]?.windowLimitUsd).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe("columns", () => {
  test("a time that the column cannot hold is refused", () => {
    expect(timeColumn(1_790_000_000_123)).toBe(1_790_000_000_123)
    expect(() => timeColumn(12)).toThrow(RangeError)
    expect(() => timeColumn(Number.MAX_SAFE_INTEGER)).toThrow(RangeError)
  })
})
