import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeCommit } from "@sluice/events/commit.ts"
import { openClickHouse, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { shortenLog } from "@sluice/ingress/hosting/retention.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { startProjection } from "@sluice/projector/projection.ts"
import { runQuery } from "@sluice/projector/queries/named-queries.ts"
import { expect, test } from "vitest"
import { contentsOfFacts, contentsOfTables } from "../projector/projected-tables.ts"

const logger = createLogger({ name: "test", level: "fatal" })
const dayMs = 86_400_000
const tokens = { input: 900, output: 40, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
const wanted = configuration([
  {
    id: "c",
    maxConcurrent: 3,
    accounts: [{ id: "a", credential: "env:KEY", concurrency: 2, windowCost: { limitUsd: 9 } }],
  },
])

type Actors = Awaited<ReturnType<typeof startActors>>

/** A day of a few requests. */
const liveDay = async ({ ask, clock, log }: Actors) => {
  const day = await log.head()
  for (const [nth, id] of ["00000000000000aa", "00000000000000bb"].entries()) {
    const admitted = await ask(`r-${day}-${nth}`, { session: { id, source: "header" } })
    if (admitted.kind !== "granted") throw new Error("not granted")
    await admitted.lease.meter({ model: "m", tokens, complete: true, estimated: false })
    clock.advance(1_000)
    admitted.lease.release({ outcome: "ok", status: 200, ttftMs: 5 }, true)
    await settle()
  }
  clock.advance(dayMs)
  await settle()
}

const openTables = async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-tables-"))
  const clickHouse = await openClickHouse({ path })
  await migrate(clickHouse, await readMigrations())
  const close = async () => {
    await clickHouse.close()
    await rm(path, { recursive: true, force: true })
  }
  return { clickHouse, claims: createMemoryClaims(), [Symbol.asyncDispose]: close }
}

type Tables = Pick<Awaited<ReturnType<typeof openTables>>, "clickHouse" | "claims">

const project = async (log: EventLog, tables: Tables) => {
  const projection = startProjection({ log, ...tables, logger, limit: { facts: 20, bytes: 1e6 } })
  await projection.meter.reached(await log.head(), AbortSignal.timeout(20_000))
  await projection.stop()
}

const finished = async ({ claims }: Tables) => (await claims.read()).progress?.finished ?? 0

const shorten = async ({ log, clock, node }: Actors, tables: Tables) => {
  let purged = 0
  await shortenLog({
    log,
    clock,
    subjects: () => node.subjects,
    projected: () => finished(tables),
    retention: () => ({ days: 14, bytes: 1e12 }),
    logger: {
      info: (told: object) => void (purged += "commits" in told ? Number(told.commits) : 0),
      error: expect.unreachable,
    },
  })
  await settle()
  return purged
}

const answers = async (clickHouse: ClickHouse, nowMs: number) => {
  const given = { from: String(nowMs - 90 * dayMs), to: String(nowMs + dayMs) }
  const names = ["usage", "waits", "cooldowns", "rejections", "sessions", "window-cost", "trace"]
  return Promise.all(names.map((name) => runQuery(clickHouse, { name, given, nowMs })))
}

const storedIn = async (log: EventLog) => {
  const stored = []
  for await (const { subject, body } of log.read({ afterSequence: 0 }))
    stored.push({ subject, commit: decodeCommit(body) })
  return stored
}

test("L5, P2: a purge changes no answer, and the projector goes on behind it", async () => {
  const actors = await startActors({ wanted })
  const { log, clock } = actors
  await using tables = await openTables()
  const { clickHouse } = tables
  for (let day = 0; day < 20; day += 1) {
    await liveDay(actors)
    await shorten(actors, tables)
  }
  const all = await storedIn(log)
  await project(log, tables)
  const [contents, before] = [await contentsOfTables(clickHouse), await answers(clickHouse, clock.now())]
  expect(contents).toEqual(contentsOfFacts(all))
  expect(await shorten(actors, tables)).toBeGreaterThan(20)
  const left = await storedIn(log)
  expect(left.length).toBeLessThan(all.length - 20)
  expect(await answers(clickHouse, clock.now())).toEqual(before)
  await project(log, tables)
  expect(await contentsOfTables(clickHouse)).toEqual(contents)
  await liveDay(actors)
  await project(log, tables)
  const later = (await storedIn(log)).slice(left.length)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts([...all, ...later]))
})

test("L5: nothing is purged that is in no finished block of the projector", async () => {
  const actors = await startActors({ wanted })
  await using tables = await openTables()
  for (let day = 0; day < 3; day += 1) {
    await liveDay(actors)
    await shorten(actors, tables)
  }
  await project(actors.log, tables)
  for (let day = 0; day < 3; day += 1) {
    await liveDay(actors)
    await shorten(actors, tables)
  }
  actors.clock.advance(30 * dayMs)
  const until = await finished(tables)
  expect(await shorten(actors, tables)).toBeGreaterThan(0)
  const sequences: Array<number> = []
  for await (const { sequence } of actors.log.read({ afterSequence: 0 })) sequences.push(sequence)
  const head = await actors.log.head()
  expect(sequences.filter((one) => one > until)).toEqual(
    Array.from({ length: head - until }, (_, nth) => until + nth + 1),
  )
})

test("P2: tables of a new database, made after a purge, hold what the log still holds, limits included", async () => {
  const actors = await startActors({ wanted })
  await using first = await openTables()
  for (let day = 0; day < 17; day += 1) {
    await liveDay(actors)
    await shorten(actors, first)
  }
  await project(actors.log, first)
  expect(await shorten(actors, first)).toBeGreaterThan(0)
  const left = await storedIn(actors.log)
  expect(left.find(({ subject }) => subject.endsWith(".c"))?.commit.facts[0]?.type).toBe(
    "channel.checkpointed",
  )
  // The claims name another database than the new one, which is made from the beginning of the log.
  await first.clickHouse.command("DROP DATABASE sluice SYNC")
  await migrate(first.clickHouse, await readMigrations())
  await project(actors.log, first)
  const contents = await contentsOfTables(first.clickHouse)
  const expected = contentsOfFacts(left)
  expect(contents.facts).toEqual(expected.facts)
  expect(contents.limits).toEqual(expected.limits)
  expect(contents.usage).toEqual(expected.usage)
})
