import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { migrate, readMigrations, type Migration } from "@sluice/infra/clickhouse/migrate.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { startProjector } from "@sluice/projector/projector.ts"
import { facts } from "@sluice/projector/tables/facts.ts"
import { exampleCommits } from "@sluice/projector/testing/example-commits.ts"
import { expect, test } from "vitest"

const openEmpty = async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-migrations-"))
  const clickHouse = await openClickHouse({ path })
  return {
    path,
    clickHouse,
    [Symbol.asyncDispose]: async () => {
      await clickHouse.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

const column = (number: number): Migration => ({
  number,
  name: `column-${number}`,
  sql: `-- Adds a column.\nALTER TABLE sluice.facts ADD COLUMN IF NOT EXISTS extra${number} String;\n`,
})

test("migrations are applied once, in order, and recorded with their hash", async () => {
  await using place = await openEmpty()
  const known = await readMigrations()
  await migrate(place.clickHouse, known)
  const next = column(known.length + 1)
  await migrate(place.clickHouse, [...known, next])
  await migrate(place.clickHouse, [...known, next])
  const rows = await place.clickHouse.query<{ number: number; name: string; length: number }>(
    "SELECT number, name, length(hash) AS length FROM sluice.migrations ORDER BY number",
  )
  expect(rows.map(({ number }) => number)).toEqual([...known, next].map(({ number }) => number))
  expect(rows.at(-1)).toEqual({ number: next.number, name: next.name, length: 64 })
})

test("tables of an older version keep their rows, and what was told by then is in the newer ones", async () => {
  await using place = await openEmpty()
  const [first, ...later] = await readMigrations()
  if (first === undefined) throw new Error("there are no migrations")
  await migrate(place.clickHouse, [first])
  const before = [...exampleCommits({ requests: 30 })].map((message, nth) => ({
    ...message,
    sequence: nth + 1,
  }))
  const rows = before.flatMap((message) => facts.rows(message.commit, message))
  await place.clickHouse.insert({
    table: facts.table,
    columns: Object.keys(rows[0] ?? {}),
    rows: rows.map((row) => JSON.stringify(Object.values(row))).join("\n"),
    token: "facts:1",
  })
  await migrate(place.clickHouse, [first, ...later])
  const count = "SELECT count() AS count FROM sluice.facts"
  expect(await place.clickHouse.query(count)).toEqual([{ count: rows.length }])
  const limits =
    "SELECT actor, channel, enabled, concurrency, queueSize, rpm FROM sluice.limits FINAL ORDER BY actor"
  const stored = await place.clickHouse.query(limits)
  expect(stored).toHaveLength(8)
  const shared = { channel: "channel-0", enabled: true, rpm: null }
  expect([stored[0], stored[4]]).toEqual([
    { ...shared, actor: "account/key-0", concurrency: 4, queueSize: null },
    { ...shared, actor: "channel/channel-0", concurrency: 2, queueSize: 5 },
  ])
  const learned = "SELECT actor, concurrency, initial FROM sluice.limits FINAL WHERE adaptive"
  expect(await place.clickHouse.query(learned)).toEqual([
    { actor: "account/key-3", concurrency: null, initial: 4 },
  ])
  const adjusted = "SELECT actor, `from`, `to`, reason, mode, `by` FROM sluice.adjustments FINAL ORDER BY at"
  const by = "api:example"
  expect(await place.clickHouse.query(adjusted)).toEqual([
    { actor: "account/key-0", from: 4, to: 3, reason: "rejected", mode: "", by: "" },
    { actor: "account/key-1", from: 4, to: 4, reason: "mode", mode: "adaptive", by },
    { actor: "account/key-2", from: 9, to: 4, reason: "learning_reset", mode: "", by },
  ])
})

test("tables of a newer version stop the projector with a clear message", async () => {
  await using place = await openEmpty()
  const known = await readMigrations()
  const next = known.length + 1
  await migrate(place.clickHouse, [...known, column(next)])
  const start = startProjector({
    log: createMemoryLog(),
    claims: createMemoryClaims(),
    clickHouse: { path: place.path },
    logger: createLogger({ name: "test", level: "fatal" }),
  })
  await expect(start).rejects.toThrow(
    `the ClickHouse tables were made by a newer version: migration ${next} (column-${next}) is not known, the last known one is ${known.length}`,
  )
})

test("a migration that was changed after it ran is refused", async () => {
  await using place = await openEmpty()
  const known = await readMigrations()
  const next = column(known.length + 1)
  await migrate(place.clickHouse, [...known, next])
  const changed = { ...next, sql: `${next.sql}SELECT 1;` }
  await expect(migrate(place.clickHouse, [...known, changed])).rejects.toThrow(
    `migration ${next.number} (${next.name}) is not the one that was applied`,
  )
})
