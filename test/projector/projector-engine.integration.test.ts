import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import type { ColumnType } from "@sluice/infra/clickhouse/native/column-types.ts"
import { NativeRows } from "@sluice/infra/clickhouse/native/native-rows.ts"
import { everyType } from "@sluice/infra/clickhouse/native/testing/every-type.ts"
import { ClickHouseUnavailable } from "@sluice/infra/clickhouse/unavailable.ts"
import { projections } from "@sluice/projector/tables/projections.ts"
import { rejectedCommits } from "@sluice/projector/tables/rejected-commits.ts"
import { expect, test } from "vitest"

const emptyFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-engine-it's-"))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

const row = (key: string, token: string) => ({
  table: "usage",
  columns: ["at", "subject", "version", "index", "request"],
  rows: JSON.stringify([1_790_000_000_000, key, 1, 0, key]),
  token,
})

test("connections of one process share the engine, and what one wrote the other sees", async () => {
  await using folder = await emptyFolder()
  const first = await openClickHouse(folder)
  await migrate(first, await readMigrations())
  const second = await openClickHouse(folder)
  await first.insert(row("a", "usage:1-1"))
  expect(await second.query("SELECT request FROM sluice.usage")).toEqual([{ request: "a" }])
  await first.close()
  expect(await second.query("SELECT request FROM sluice.usage")).toEqual([{ request: "a" }])
  await second.close()
})

test("a directory that was closed can be followed by another in the same process", async () => {
  await using one = await emptyFolder()
  await using other = await emptyFolder()
  for (const folder of [one, other, one]) {
    const clickHouse = await openClickHouse(folder)
    expect(await clickHouse.query("SELECT 1 AS one")).toEqual([{ one: 1 }])
    await clickHouse.close()
  }
})

test("a second insert of the same token changes nothing, also after others and a restart (P2)", async () => {
  await using folder = await emptyFolder()
  const first = await openClickHouse(folder)
  await migrate(first, await readMigrations())
  for (const token of ["usage:1-1", "usage:2-2", "usage:1-1"]) await first.insert(row(token, token))
  await first.close()
  const again = await openClickHouse(folder)
  await again.insert(row("usage:1-1", "usage:1-1"))
  expect(await again.query("SELECT request FROM sluice.usage ORDER BY request")).toEqual([
    { request: "usage:1-1" },
    { request: "usage:2-2" },
  ])
  await again.close()
})

test("inserts into one table that are made at once all arrive", async () => {
  await using folder = await emptyFolder()
  const clickHouse = await openClickHouse(folder)
  await migrate(clickHouse, await readMigrations())
  const tokens = Array.from({ length: 20 }, (_, place) => `usage:${place}-${place}`)
  await Promise.all(tokens.map((token) => clickHouse.insert(row(token, token))))
  const rows = await clickHouse.query<{ request: string }>("SELECT request FROM sluice.usage")
  expect(rows.map(({ request }) => request).toSorted()).toEqual(tokens.toSorted())
  await clickHouse.close()
})

test("a server that cannot be reached is said in one line", async () => {
  const opened = openClickHouse({ url: "http://127.0.0.1:1" })
  await expect(opened).rejects.toThrow(ClickHouseUnavailable)
  await expect(opened).rejects.toThrow(/^cannot reach ClickHouse: [^\n]+$/)
})

test("what is written has the types of the tables, so that the engine has nothing to convert", async () => {
  await using folder = await emptyFolder()
  const clickHouse = await openClickHouse(folder)
  await migrate(clickHouse, await readMigrations())
  for (const { table, columns } of [...projections, rejectedCommits]) {
    const declared = Object.entries(columns as Readonly<Record<string, ColumnType<never>>>).map(
      ([name, type]) => [name, type.name],
    )
    const stored = await clickHouse.query<{ name: string; type: string }>(
      "SELECT name, type FROM system.columns WHERE database = 'sluice' AND table = {table: String}",
      { table },
    )
    const types = new Map(stored.map(({ name, type }) => [name, type]))
    expect([table, declared]).toEqual([table, declared.map(([name = ""]) => [name, types.get(name)])])
    expect(declared).toHaveLength(types.size)
  }
  await clickHouse.close()
})

test("the engine reads a block as it was collected", async () => {
  await using folder = await emptyFolder()
  const clickHouse = await openClickHouse(folder)
  await clickHouse.command("CREATE DATABASE sluice")
  const types = Object.entries(everyType).map(([name, type]) => `${name} ${type.name}`)
  await clickHouse.command(`CREATE TABLE sluice.extremes (${types.join(", ")}) ENGINE = Memory`)
  const at = Date.UTC(2026, 10, 1)
  const most = Number.MAX_SAFE_INTEGER
  const first = {
    count: most,
    signed: -most,
    small: 2 ** 32 - 1,
    ratio: -0.1,
    flag: true,
    note: "語".repeat(99),
  }
  const rows = [
    { ...first, told: { a: [1] }, at, cost: 1_000_000_007, kind: "one", until: null },
    { ...first, told: {}, at: at + 1, cost: 1, kind: "", until: at + 2, signed: -1, note: "", flag: false },
    { ...first, told: {}, at, cost: most, kind: "one", until: at, signed: 0, note: 'a "b" \\ c\n' },
  ]
  const collected = new NativeRows(everyType)
  collected.add(rows)
  const block = { table: "extremes", columns: collected.names, rows: collected.block(), token: "extremes:1" }
  await clickHouse.insert(block)
  const stored = await clickHouse.query(`
    SELECT * REPLACE (
      toUnixTimestamp64Milli(at) AS at,
      toString(cost) AS cost,
      toUnixTimestamp64Milli(until) AS until
    )
    FROM sluice.extremes`)
  const costs = ["1.000000007", "0.000000001", "9007199.254740991"]
  expect(stored).toEqual(
    rows.map((given, nth) => ({ ...given, told: JSON.stringify(given.told), cost: costs[nth] })),
  )
  await clickHouse.close()
})
