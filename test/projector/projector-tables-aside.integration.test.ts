import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Claims } from "@sluice/infra/clickhouse/claims.ts"
import { openClickHouse, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { startProjection } from "@sluice/projector/projection.ts"
import { asideDatabases } from "@sluice/projector/tables-aside.ts"
import { exampleCommits, type ExampleMessage } from "@sluice/projector/testing/example-commits.ts"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { contentsOfFacts, contentsOfTables } from "./projected-tables.ts"

const logger = createLogger({ name: "test", level: "fatal" })
const pace = { quietWaitMs: 5, busyWaitMs: 5, busyFacts: 1 }
const ofOne = [...exampleCommits({ requests: 20 })]
const ofAnother = [...exampleCommits({ requests: 30, channels: 3 })]

let clickHouse: ClickHouse
let path: string

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "sluice-aside-"))
  clickHouse = await openClickHouse({ path })
})

afterEach(async () => {
  for (const name of ["sluice", ...(await asideDatabases(clickHouse))])
    await clickHouse.command(`DROP DATABASE IF EXISTS ${name} SYNC`)
})

afterAll(async () => {
  await clickHouse.close()
  await rm(path, { recursive: true, force: true })
})

const logOf = async (
  identity: string,
  messages: ReadonlyArray<ExampleMessage>,
): Promise<{ log: EventLog; claims: Claims }> => {
  const log = createMemoryLog({ identity })
  for (const { subject, id, body } of messages) {
    const expectedSequence = (await log.last(subject))?.sequence ?? 0
    await log.append({ subject, id, body, expectedSequence })
  }
  return { log, claims: createMemoryClaims() }
}

/** One start of a projector: it projects until nothing is left, and stops. */
const start = async (place: { log: EventLog; claims: Claims }, adoptedLog?: string) => {
  await migrate(clickHouse, await readMigrations())
  const projection = startProjection({ ...place, clickHouse, logger, pace, adoptedLog })
  const deadline = AbortSignal.timeout(40_000)
  while (!projection.isFollowing()) {
    deadline.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await projection.meter.reached(await place.log.head(), deadline)
  await projection.stop()
}

test("P5: an empty log takes nothing away: the tables of the other log are kept aside, and are back when that log is", async () => {
  const one = await logOf("2026-01-02T03:04:05Z", ofOne)
  await start(one)
  await start(await logOf("2026-06-07T08:09:10Z", []))
  expect(await asideDatabases(clickHouse)).toEqual(["sluice_of_20260102T030405Z"])
  const kept = await clickHouse.query<{ count: number }>(
    "SELECT count() AS count FROM sluice_of_20260102T030405Z.facts",
  )
  expect(kept[0]?.count).toBeGreaterThan(100)
  await start(one)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofOne))
})

test("P5: two logs in turn each have their own tables, whole, and each goes on where it stopped", async () => {
  const one = await logOf("one", ofOne.slice(0, 30))
  const another = await logOf("another", ofAnother)
  await start(one)
  await start(another)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofAnother))
  for (const { subject, id, body } of ofOne.slice(30)) {
    const expectedSequence = (await one.log.last(subject))?.sequence ?? 0
    await one.log.append({ subject, id, body, expectedSequence })
  }
  await start(one)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofOne))
  expect(await asideDatabases(clickHouse)).toEqual(["sluice_of_another"])
  await start(another)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofAnother))
})

test("P5: what is kept aside is dropped by the name of the log to go on with, and by no other", async () => {
  await start(await logOf("one", ofOne))
  const another = await logOf("another", ofAnother)
  await start(another, "one")
  expect(await asideDatabases(clickHouse)).toEqual(["sluice_of_one"])
  await start(another, "another")
  expect(await asideDatabases(clickHouse)).toEqual([])
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofAnother))
})

test("P5: a start that was killed between two steps ends with the tables of its log", async () => {
  const one = await logOf("one", ofOne)
  await start(one)
  await clickHouse.command("RENAME DATABASE sluice TO sluice_of_one")
  await start(one)
  expect(await asideDatabases(clickHouse)).toEqual([])
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofOne))
})

test("P5: where the same log is emptied, the tables follow it, and what they held is kept in a copy", async () => {
  const { claims } = await logOf("one", [])
  const before = await logOf("one", ofOne)
  await start({ log: before.log, claims })
  const emptied = await logOf("one", ofAnother.slice(0, 3))
  await start({ log: emptied.log, claims })
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(ofAnother.slice(0, 3)))
  const [copy = ""] = await asideDatabases(clickHouse)
  expect(copy).toBe(`sluice_of_one_until_${ofOne.length}`)
  const kept = await clickHouse.query<{ count: number }>(`SELECT count() AS count FROM ${copy}.facts FINAL`)
  expect(kept[0]?.count).toBe(ofOne.reduce((sum, { commit }) => sum + commit.facts.length, 0))
})
