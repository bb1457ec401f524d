import { cp, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeCommit } from "@sluice/events/commit.ts"
import type { Claims } from "@sluice/infra/clickhouse/claims.ts"
import { openClickHouse, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import { openNatsClaims } from "@sluice/infra/clickhouse/nats-claims.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { startProjection } from "@sluice/projector/projection.ts"
import { exampleCommits, type ExampleMessage } from "@sluice/projector/testing/example-commits.ts"
import { describe, expect, test } from "vitest"
import { startPrivateNats } from "../event-log/event-log-server.ts"
import { until } from "../until.ts"
import { contentsOfFacts, contentsOfTables } from "./projected-tables.ts"

const logger = createLogger({ name: "test", level: "fatal" })
const limit = { facts: 40, bytes: 1_000_000 }
const untilMs = 40_000
const pace = { quietWaitMs: 5, busyWaitMs: 5, busyFacts: 1 }
const examples = [...exampleCommits({ requests: 60 })]
/** Other facts of the same channels, in the same versions. */
const others = [...exampleCommits({ requests: 90, channels: 3 })].map(({ subject, id, body }) => {
  const other = body.replaceAll('"request":"', '"request":"other-')
  return { subject, id: `other-${id}`, body: other, commit: decodeCommit(other) }
})

const append = async (log: EventLog, messages: ReadonlyArray<ExampleMessage>) => {
  for (const { subject, id, body } of messages) {
    const expectedSequence = (await log.last(subject))?.sequence ?? 0
    await log.append({ subject, id, body, expectedSequence })
  }
}

const openTables = async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-tables-"))
  const clickHouse = await openClickHouse({ path })
  await migrate(clickHouse, await readMigrations())
  return {
    clickHouse,
    [Symbol.asyncDispose]: async () => {
      await clickHouse.close()
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** Projects until nothing is left, and stops. */
const projectRest = async (place: { log: EventLog; claims: Claims; clickHouse: ClickHouse }) => {
  const projection = startProjection({ ...place, logger, limit, pace })
  await projection.meter.reached(await place.log.head(), AbortSignal.timeout(untilMs))
  await projection.stop()
}

const holds = async (clickHouse: ClickHouse, messages: ReadonlyArray<ExampleMessage>) => {
  const [now, expected] = [await contentsOfTables(clickHouse), contentsOfFacts(messages)]
  return JSON.stringify(now) === JSON.stringify(expected)
}

/** The two logs part behind what they share: as many messages of the first one as have the same subjects and versions as those of the other. */
const fork = 60
const afterFork = (() => {
  const last = new Map<string, number>()
  for (const { subject, commit } of examples.slice(0, fork)) last.set(subject, commit.version)
  return others.filter(({ subject, commit }) => commit.version > (last.get(subject) ?? 0))
})()

/** What a server that has lost the end of its log is given next, and how often the projector looks at it while nothing comes. */
const losses = [
  { what: "takes away what is there no more, though nothing comes after it", more: [], lookEveryMs: 500 },
  { what: "projects the sequences that are given again", more: afterFork.slice(0, 10), lookEveryMs: 500 },
  { what: "hears of it also where the log is longer by then", more: afterFork, lookEveryMs: 1_000_000 },
]

test.each(losses)(
  "P2: a projector that keeps running over a server that comes back with an older copy of its log $what",
  async ({ more, lookEveryMs }) => {
    await using opened = new AsyncDisposableStack()
    const server = opened.use(await startPrivateNats())
    const copy = await mkdtemp(join(tmpdir(), "sluice-copy-"))
    opened.defer(() => rm(copy, { recursive: true, force: true }))
    const { clickHouse } = opened.use(await openTables())
    const log = opened.adopt(await openJetStreamLog({ url: server.url }), (one) => one.close())
    const claims = opened.adopt(await openNatsClaims({ url: server.url }), (one) => one.close())
    const projection = startProjection({ log, claims, clickHouse, logger, limit, pace, lookEveryMs })
    opened.defer(() => projection.stop())
    const kill = async () => {
      await server.kill()
      await until(() => !log.isConnected(), "the connection is lost", untilMs)
    }
    await append(log, examples.slice(0, fork))
    await projection.meter.reached(fork, AbortSignal.timeout(untilMs))
    await kill()
    await cp(server.dataDir, copy, { recursive: true })
    await server.restart()
    await until(() => log.isConnected(), "the connection is made again", untilMs)
    await append(log, examples.slice(fork))
    await projection.meter.reached(await log.head(), AbortSignal.timeout(untilMs))
    expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(examples))
    await kill()
    await rm(server.dataDir, { recursive: true })
    await cp(copy, server.dataDir, { recursive: true })
    await server.restart()
    await until(() => log.isConnected(), "the connection is made again", untilMs)
    await append(log, more)
    const expected = [...examples.slice(0, fork), ...more]
    await until(() => holds(clickHouse, expected), "the tables are those of the log", untilMs)
    expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(expected))
  },
  120_000,
)

describe("P5: where the claims are gone and a channel's older commits are purged from the log", () => {
  const subject = examples.find((message) => message.subject.includes(".channel."))?.subject ?? ""
  const ofSubject = examples.flatMap((message, place) => (message.subject === subject ? [place + 1] : []))
  const purgedUntil = ofSubject.filter((sequence) => sequence < fork).at(-2) ?? 0

  const purged = async (messages: ReadonlyArray<ExampleMessage>, identity: string): Promise<EventLog> => {
    const log = createMemoryLog({ identity })
    await append(log, messages)
    expect(await log.purge({ subject, beforeSequence: purgedUntil })).toBeGreaterThan(5)
    return log
  }
  /** Tables that hold all examples, made from a log, and the claims forgotten. */
  const openFilled = async (identity: string) => {
    const tables = await openTables()
    const log = createMemoryLog({ identity })
    await append(log, examples)
    await projectRest({ ...tables, log, claims: createMemoryClaims() })
    return tables
  }

  test("the tables keep what only they hold", async () => {
    await using tables = await openFilled("one")
    await projectRest({ ...tables, log: await purged(examples, "one"), claims: createMemoryClaims() })
    expect(await contentsOfTables(tables.clickHouse)).toEqual(contentsOfFacts(examples))
  })

  test("they keep nothing of what the log has lost besides", async () => {
    await using tables = await openFilled("one")
    const log = await purged(examples.slice(0, fork), "one")
    await append(log, afterFork)
    await projectRest({ ...tables, log, claims: createMemoryClaims() })
    const expected = [...examples.slice(0, fork), ...afterFork]
    expect(await contentsOfTables(tables.clickHouse)).toEqual(contentsOfFacts(expected))
  })

  test("they keep nothing that another log told", async () => {
    await using tables = await openFilled("one")
    const log = await purged(examples, "another")
    await projectRest({ ...tables, log, claims: createMemoryClaims() })
    const held = examples.filter((message, place) => message.subject !== subject || place + 1 >= purgedUntil)
    expect(await contentsOfTables(tables.clickHouse)).toEqual(contentsOfFacts(held))
  })
})
