import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { startProjector } from "@sluice/projector/projector.ts"
import { exampleCommits } from "@sluice/projector/testing/example-commits.ts"
import { behindText } from "@sluice/sluice/query/source.ts"
import { expect, test } from "vitest"
import { until } from "../until.ts"

const logger = createLogger({ name: "test", level: "fatal" })

test("P4: a projector that recovers says so, and how far and how long its tables are behind", async () => {
  const path = await mkdtemp(join(tmpdir(), "sluice-lag-"))
  const log = createMemoryLog()
  for (const { subject, id, body } of exampleCommits({ requests: 5 })) {
    const expectedSequence = (await log.last(subject))?.sequence ?? 0
    await log.append({ subject, id, body, expectedSequence })
  }
  const released = Promise.withResolvers<void>()
  const claims = createMemoryClaims()
  const slow = {
    ...claims,
    write: async (...write: Parameters<typeof claims.write>) => {
      await released.promise
      return claims.write(...write)
    },
  }
  const projector = await startProjector({ log, claims: slow, clickHouse: { path }, logger })
  try {
    const behind = await projector.lag()
    expect(behind).toMatchObject({ state: "recovering", projected: 0, head: await log.head() })
    expect(behind.lagFacts).toBeGreaterThan(0)
    expect(behind.lagMs).toBeGreaterThan(0)
    expect(behindText(behind)).toMatch(/^the tables are being recovered: \d+ facts of the log, the oldest /)
    const readiness = await fetch(`${projector.url}/readyz`)
    expect(readiness.status).toBe(503)
    expect(await readiness.json()).toMatchObject({ reason: "the tables are being recovered" })
    released.resolve()
    await until(async () => (await projector.lag()).lagFacts === 0, "the tables follow", 40_000)
    expect(await projector.lag()).toMatchObject({ state: "following", lagMs: 0 })
  } finally {
    released.resolve()
    await projector.stop()
    await rm(path, { recursive: true, force: true })
  }
})
