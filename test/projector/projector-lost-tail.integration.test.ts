import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openClickHouse, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import { seenTails } from "@sluice/infra/clickhouse/seen-tails.ts"
import { createLosingLog, type LosingLog } from "@sluice/infra/event-log/testing/losing-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { startProjection } from "@sluice/projector/projection.ts"
import { exampleCommits } from "@sluice/projector/testing/example-commits.ts"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { contentsOfFacts, contentsOfTables } from "./projected-tables.ts"

const logger = createLogger({ name: "test", level: "fatal" })
const pace = { quietWaitMs: 5, busyWaitMs: 5, busyFacts: 1 }
const limit = { facts: 20, bytes: 1_000_000 }
const examples = [...exampleCommits({ requests: 30 })]

let clickHouse: ClickHouse
let path: string

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), "sluice-lost-"))
  clickHouse = await openClickHouse({ path })
})

beforeEach(async () => {
  await clickHouse.command("DROP DATABASE IF EXISTS sluice SYNC")
  await migrate(clickHouse, await readMigrations())
})

afterAll(async () => {
  await clickHouse.close()
  await rm(path, { recursive: true, force: true })
})

const filled = async () => {
  const log = createLosingLog()
  for (const { subject, id, body } of examples) {
    const expectedSequence = (await log.last(subject))?.sequence ?? 0
    await log.append({ subject, id, body, expectedSequence })
  }
  return { log, claims: createMemoryClaims() }
}

/** One start of a projector, which goes on until it has what the log holds of each subject. */
const start = async ({ log, claims }: Awaited<ReturnType<typeof filled>>) => {
  const projection = startProjection({ log, claims, clickHouse, logger, limit, pace, lookEveryMs: 100_000 })
  let last = 0
  for await (const { sequence } of log.read({ afterSequence: 0 })) last = sequence
  const deadline = AbortSignal.timeout(60_000)
  while (!projection.isFollowing()) {
    deadline.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await projection.meter.reached(last, deadline)
  await projection.stop()
}

const heldBy = async (log: LosingLog) => {
  const held = new Set<string>()
  for await (const { id } of log.read({ afterSequence: 0 })) held.add(id)
  return examples.filter(({ id }) => held.has(id))
}

const sequencesOf = (subject: string) =>
  examples.flatMap((message, place) => (message.subject === subject ? [place + 1] : []))

test("P2, L8: rows of an end that the log lost while the projector was down are taken away, though the log keeps its last sequence", async () => {
  const place = await filled()
  await start(place)
  place.log.lose(Array.from({ length: 15 }, (_, back) => examples.length - back))
  await start(place)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(await heldBy(place.log)))
})

test("P2, L8: so are those of one subject, whatever came behind them of others; what was seen of it is remembered until it goes on", async () => {
  const place = await filled()
  await start(place)
  const subject = examples.find((message) => message.subject.includes(".channel."))?.subject ?? ""
  const lost = sequencesOf(subject).slice(-5)
  const seen = lost.at(-1) ?? 0
  place.log.lose(lost)
  await start(place)
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(await heldBy(place.log)))
  await start(place)
  const identity = await place.log.identity()
  expect((await seenTails(place.claims, identity)).get(subject)).toMatchObject({ sequence: seen })
  const next = examples[(lost[0] ?? 1) - 1]
  const expectedSequence = (await place.log.last(subject))?.sequence ?? 0
  const added = { subject, id: "added", body: next?.body ?? "", expectedSequence }
  const sequence = await place.log.append(added)
  await start(place)
  expect((await seenTails(place.claims, identity)).get(subject)).toMatchObject({ sequence, id: "added" })
  expect(await seenTails(place.claims, "another log")).toEqual(new Map())
})
