import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import { ClickHouseUnavailable } from "@sluice/infra/clickhouse/unavailable.ts"
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
