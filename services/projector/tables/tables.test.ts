import type { Commit, Fact } from "@sluice/events/commit.ts"
import { describe, expect, test } from "vitest"
import { exampleCommits } from "../example-commits.ts"
import { admissions } from "./admissions.ts"
import { cooldowns } from "./cooldowns.ts"
import { facts } from "./facts.ts"
import { projections } from "./projections.ts"
import { requests } from "./requests.ts"
import { timeColumn, usdColumn, type Projection } from "./row.ts"
import { usage } from "./usage.ts"

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
  test("every row of a table names the same columns in the same order", () => {
    const orders = projections.map((projection) => {
      const keys = rowsOf(projection).map((row) => Object.keys(row).join())
      return [projection.table, new Set(keys).size]
    })
    expect(orders).toEqual(projections.map(({ table }) => [table, 1]))
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

  test("a metered attempt gives tokens by kind and amounts as decimals", () => {
    expect(rowOf(usage, "account.usage_recorded")).toMatchObject({
      channel: "channel-0",
      account: "key-0",
      inputTokens: 100,
      outputTokens: 300,
      cacheReadTokens: 7,
      cacheWrite5mTokens: 5,
      cacheWrite1hTokens: 3,
      reasoningTokens: 11,
      standardCostUsd: "1.000000007",
      costUsd: "2.000000014",
    })
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
  })
})

describe("columns", () => {
  test("an amount loses nothing", () => {
    expect([0, 1, 999_999_999, 1_000_000_000, Number.MAX_SAFE_INTEGER].map(usdColumn)).toEqual([
      "0.000000000",
      "0.000000001",
      "0.999999999",
      "1.000000000",
      "9007199.254740991",
    ])
  })

  test("a time that the column cannot hold is refused", () => {
    expect(timeColumn(1_790_000_000_123)).toBe(1_790_000_000_123)
    expect(() => timeColumn(12)).toThrow(RangeError)
    expect(() => timeColumn(Number.MAX_SAFE_INTEGER)).toThrow(RangeError)
  })
})
