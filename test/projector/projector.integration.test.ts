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
import { firstShortClaim } from "@sluice/projector/short-claims.ts"
import { exampleCommits, type ExampleMessage } from "@sluice/projector/testing/example-commits.ts"
import { describe, expect, test } from "vitest"
import { until } from "../until.ts"
import { contentsOfFacts, contentsOfTables } from "./projected-tables.ts"

const logger = createLogger({ name: "test", level: "fatal" })
const limit = { facts: 40, bytes: 1_000_000 }
const pace = { quietWaitMs: 5, busyWaitMs: 5, busyFacts: 1 }
const examples = [...exampleCommits({ requests: 100 })]

interface Place extends AsyncDisposable {
  readonly log: EventLog
  readonly claims: Claims
  readonly clickHouse: ClickHouse
}

const append = async (log: EventLog, messages: ReadonlyArray<Omit<ExampleMessage, "commit">>) => {
  for (const { subject, id, body } of messages) {
    const expectedSequence = (await log.last(subject))?.sequence ?? 0
    await log.append({ subject, id, body, expectedSequence })
  }
}

const openPlace = async (
  messages: ReadonlyArray<Omit<ExampleMessage, "commit">> = examples,
): Promise<Place> => {
  const path = await mkdtemp(join(tmpdir(), "sluice-tables-"))
  const clickHouse = await openClickHouse({ path })
  await migrate(clickHouse, await readMigrations())
  const log = createMemoryLog()
  await append(log, messages)
  return {
    log,
    claims: createMemoryClaims(),
    clickHouse,
    [Symbol.asyncDispose]: async () => {
      await clickHouse.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Projects until nothing is left, and stops. */
const projectRest = async (place: Omit<Place, typeof Symbol.asyncDispose>) => {
  const projection = startProjection({ ...place, logger, limit, pace })
  await projection.meter.reached(await place.log.head(), AbortSignal.timeout(20_000))
  await projection.stop()
  return projection.meter
}

test("every table holds exactly what the facts say", async () => {
  await using place = await openPlace()
  await projectRest(place)
  expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples))
})

test("a commit that cannot be read is kept whole and does not stop the rest", async () => {
  const { subject } = examples[0] ?? { subject: "" }
  const poison = [
    { subject, id: "not-json", body: "{ not JSON" },
    {
      subject,
      id: "unknown-fact",
      body: JSON.stringify({ ...examples[0]?.commit, facts: [{ type: "channel.melted" }] }),
    },
    {
      subject,
      id: "no-such-time",
      body: JSON.stringify({ ...examples[0]?.commit, facts: [{ ...examples[0]?.commit.facts[0], at: 12 }] }),
    },
  ]
  await using place = await openPlace([...examples.slice(0, 50), ...poison, ...examples.slice(50)])
  const meter = await projectRest(place)
  expect(meter.lag(await place.log.head(), Date.now())).toMatchObject({ lagFacts: 0, rejectedCommits: 3 })
  expect(
    await place.clickHouse.query(
      "SELECT id, sequence, body, reason != '' AS hasReason FROM sluice.rejected_commits FINAL ORDER BY sequence",
    ),
  ).toEqual(poison.map(({ id, body }, nth) => ({ id, sequence: 51 + nth, body, hasReason: 1 })))
  expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples))
})

test("text that is no Unicode is stored and does not stop the rest", async () => {
  const body = examples[0]?.body.replace('"demo-gpt"', String.raw`"demo-\ud800-gpt"`) ?? ""
  await using place = await openPlace([
    { ...(examples[0] ?? { subject: "", id: "" }), body },
    ...examples.slice(1),
  ])
  await projectRest(place)
  expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples))
})

describe("again", () => {
  test("redelivery of any range changes no answer", async () => {
    await using place = await openPlace()
    await projectRest(place)
    const head = await place.log.head()
    for (const finished of [0, 1, Math.floor(head / 3), head - 1]) {
      const { progress, revision } = await place.claims.read()
      if (progress === undefined) throw new Error("nothing was claimed")
      // Another number of returns gives other tokens: the rows really go in again.
      await place.claims.write(
        { ...progress, repairs: progress.repairs + 1, finished, claim: null },
        revision,
      )
      await projectRest(place)
      expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples))
    }
    const [stored] = await place.clickHouse.query<{ rows: number }>(
      "SELECT count() AS rows FROM sluice.facts",
    )
    expect(stored?.rows).toBeGreaterThan(contentsOfFacts(examples).facts.length)
  })

  test("a block that is written again goes in once", async () => {
    await using place = await openPlace()
    await projectRest(place)
    const physical = () =>
      place.clickHouse.query("SELECT count() AS rows, sum(sequence) AS sum FROM sluice.facts")
    const before = await physical()
    await projectRest(place)
    await projectRest(place)
    expect(await physical()).toEqual(before)
  })
})

describe("lost", () => {
  test("rows that ClickHouse lost are noticed at the start and made again", async () => {
    await using place = await openPlace()
    await projectRest(place)
    await place.clickHouse.command(
      "ALTER TABLE sluice.usage DELETE WHERE sequence BETWEEN 60 AND 80 SETTINGS mutations_sync = 2",
    )
    await projectRest(place)
    expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples))
  })

  test("a block is not taken for whole because of its neighbour's rows", async () => {
    await using place = await openPlace()
    await projectRest(place)
    const claims = (await place.claims.remembered()).toSorted((a, b) => a.block - b.block)
    const [, second] = claims
    if (second === undefined) throw new Error("there are too few blocks")
    const others = claims.filter(({ block }) => block !== second.block + 1)
    expect(await firstShortClaim(place.clickHouse, others)).toBeUndefined()
    await place.clickHouse.command(
      `ALTER TABLE sluice.facts DELETE WHERE sequence = ${second.last} SETTINGS mutations_sync = 2`,
    )
    expect(await firstShortClaim(place.clickHouse, others)).toEqual(second)
  })

  test("a log that lost its tail is projected anew", async () => {
    await using place = await openPlace()
    await projectRest(place)
    const log = createMemoryLog()
    await append(log, examples.slice(0, 120))
    await projectRest({ ...place, log })
    expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples.slice(0, 120)))
  })

  test("another log of the same length is projected anew", async () => {
    await using place = await openPlace()
    await projectRest(place)
    const others = [...exampleCommits({ requests: 101, channels: 3 })]
      .slice(0, examples.length)
      .map((message) => ({ ...message, id: `other-${message.id}` }))
    const log = createMemoryLog()
    await append(log, others)
    expect(await log.head()).toBe(examples.length)
    await projectRest({ ...place, log })
    expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(others))
  })

  test("tables whose claims are gone are made anew", async () => {
    await using place = await openPlace()
    await projectRest(place)
    await projectRest({ ...place, claims: createMemoryClaims() })
    expect(await contentsOfTables(place.clickHouse)).toEqual(contentsOfFacts(examples))
  })
})

/** Lets a number of steps take effect; the last one of them, and all that follow, look as if they had failed. */
const dyingAfter = (steps: number, { claims, clickHouse }: Place) => {
  let left = steps
  const step = async <A>(act: () => Promise<A>): Promise<A> => {
    left--
    if (left < 0) throw new Error("died")
    const done = await act()
    if (left <= 0) throw new Error("died")
    return done
  }
  return {
    claims: {
      ...claims,
      write: (...given: Parameters<Claims["write"]>) => step(() => claims.write(...given)),
      remember: (...given: Parameters<Claims["remember"]>) => step(() => claims.remember(...given)),
    },
    clickHouse: {
      ...clickHouse,
      insert: (...given: Parameters<ClickHouse["insert"]>) => step(() => clickHouse.insert(...given)),
    },
    isDead: () => left <= 0,
  }
}

// A block takes a claim, up to eight inserts and a note of what it held: these are two blocks and more.
const everyStep = Array.from({ length: 22 }, (_, place) => place + 1)

test.each(everyStep)("a projector that dies after step %i leaves no gap and no double", async (steps) => {
  await using place = await openPlace(examples.slice(0, 60))
  const dying = dyingAfter(steps, place)
  const projection = startProjection({ log: place.log, ...dying, logger, limit, pace })
  await until(dying.isDead, "the projector died")
  await projection.stop()
  await append(place.log, examples.slice(60, 100))
  await projectRest(place)
  const expected = contentsOfFacts(examples.slice(0, 100))
  expect(await contentsOfTables(place.clickHouse)).toEqual(expected)
  const [stored] = await place.clickHouse.query<{ rows: number }>("SELECT count() AS rows FROM sluice.facts")
  expect(stored?.rows).toBe(expected.facts.length)
})
