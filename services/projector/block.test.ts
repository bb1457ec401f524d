import { type Commit, schemaNumber } from "@sluice/events/commit.ts"
import { expect, it } from "vitest"
import { projectMessage } from "./block.ts"

const hour = 3_600_000
const real = Date.UTC(2026, 10, 20, 7, 20)
const subject = "sluice.log.channel.c"

/** How far the subject is ahead of the machine's clock: 100 minutes, and some of a minute. */
const ahead = 100 * 60_000 - 20_500

const rowsOf = (commit: Commit): Readonly<Record<string, ReadonlyArray<object>>> => {
  const message = { subject, sequence: 1, id: commit.commit, body: JSON.stringify(commit) }
  const { tables, at } = projectMessage(message)
  expect(at).toBe(real)
  return Object.fromEntries(tables.map(({ into, rows }) => [into.table, rows]))
}

it("L2: the tables hold times as the machine's clock showed them, and windows by full minutes of it", () => {
  const at = real + ahead
  const rows = rowsOf({
    commit: "1",
    version: 1,
    at,
    wallAt: real,
    node: "n",
    epoch: 1,
    schema: schemaNumber,
    facts: [
      {
        actor: "account/a",
        type: "account.window_opened",
        at: at - 1,
        start: at - 21 * 60_000,
        end: at - 21 * 60_000 + 5 * hour,
        source: "hour",
        limitNanoUsd: 1,
      },
      {
        actor: "account/a",
        type: "account.cooldown_started",
        at,
        id: "a:r.1",
        until: at + 5_000,
        consecutive: 1,
        classification: "requests",
        evidence: {},
        source: "backoff",
        backoffMs: 5_000,
        retryAfterMs: null,
        status: 429,
        summary: "too many requests",
      },
    ],
  })
  const start = real - 21 * 60_000
  expect(rows["window_steps"]).toMatchObject([{ at: real - 1, start, end: start + 5 * hour }])
  expect(rows["cooldown_steps"]).toMatchObject([{ at: real, until: real + 5_000, backoffMs: 5_000 }])
  expect(rows["facts"]).toMatchObject([{ at: real - 1 }, { at: real, data: { until: real + 5_000 } }])
})
