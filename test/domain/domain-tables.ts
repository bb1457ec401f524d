import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { schemaNumber, type Commit, type Fact } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { openClickHouse, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import { addTo, claimOf, closeBlock, openBlock, projectMessage } from "@sluice/projector/block.ts"
import { runQuery, type AnswerRow } from "@sluice/projector/queries/named-queries.ts"
import { insertBlock } from "@sluice/projector/tables-writer.ts"
import { projectedTables } from "@sluice/projector/tables/projections.ts"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { at, channel } from "./domain-facts.ts"

/** Opens tables for the tests of a file, empty before each, into which facts are written as a projector does. */
export const openDomainTables = () => {
  let clickHouse: ClickHouse
  let path: string
  let version = 0
  let repairs = 0

  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "sluice-domain-"))
    clickHouse = await openClickHouse({ path })
    await migrate(clickHouse, await readMigrations())
  })

  afterAll(async () => {
    await clickHouse.close()
    await rm(path, { recursive: true, force: true })
  })

  beforeEach(async () => {
    for (const table of projectedTables) await clickHouse.command(`TRUNCATE TABLE sluice.${table}`)
  })

  const blockOf = (facts: ReadonlyArray<Fact>) => {
    version += 1
    const id = `commit-${version}`
    const commit: Commit = {
      commit: id,
      version,
      at: facts[0]?.at ?? 0,
      node: "node-1",
      epoch: 1,
      schema: schemaNumber,
      facts,
    }
    const open = openBlock()
    const subject = channelSubject(channel)
    const message = projectMessage({ sequence: version, subject, id, body: JSON.stringify(commit) })
    if (message.rejection !== null) throw new Error(message.rejection)
    addTo(open, message)
    const block = closeBlock(open)
    return (returns = repairs) =>
      insertBlock(clickHouse, block, { claim: claimOf(block, version), repairs: returns })
  }

  return {
    /** Makes the block of one commit, and a way to write it. */
    blockOf,
    write: async (...facts: ReadonlyArray<Fact>): Promise<void> => blockOf(facts)(),
    /** Writes a block as a retry does, and as a projector does that went back to it: there the rows really go in again. */
    writeTwice: async (...facts: ReadonlyArray<Fact>): Promise<void> => {
      const insert = blockOf(facts)
      await insert()
      await insert()
      repairs += 1
      await insert()
    },
    ask: (name: string, time = "12:00", given: Record<string, string> = {}) =>
      runQuery(clickHouse, { name, given, nowMs: at(time) }),
  }
}

/** Returns some columns of an answer, a list a row. */
export const columns = (rows: ReadonlyArray<AnswerRow>, ...names: ReadonlyArray<string>) =>
  rows.map((row) => names.map((name) => row[name]))
