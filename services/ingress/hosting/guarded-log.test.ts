import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createFailingLog } from "@sluice/infra/event-log/testing/failing-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { expect, test } from "vitest"
import { guardLog } from "./guarded-log.ts"

const logger = createLogger({ name: "test", level: "fatal" })
const commit = { subject: "sluice.log.channel.a", body: "", expectedSequence: 0 }
const settings = () => ({ onLogUnavailable: "spool" as const, spoolLimitBytes: 1_000_000 })

test("S3: a proxy that is ready says what is not as it should be: the log that takes nothing, and the commits in the spool", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-guarded-"))
  try {
    const log = createFailingLog()
    const connected = { ...log, isConnected: () => true }
    const guarded = await guardLog(connected, { isEmbedded: true, dataDir, settings, logger })
    expect(guarded.health()).toEqual({
      eventLog: "connected",
      spoolBytes: 0,
      spoolCommits: 0,
      degraded: [],
    })
    log.state = "gone"
    await guarded.log.append({ ...commit, id: "one" })
    expect(guarded.takesNew()).toBe(true)
    expect(guarded.health()).toMatchObject({ eventLog: "spooling", spoolCommits: 1 })
    expect(guarded.health().degraded).toEqual([
      expect.stringMatching(/^the event log has taken nothing for \d+ s: no answer$/),
      "the spool holds 1 commits that are not in the log yet",
    ])
    log.state = "well"
    await guarded.log.head()
    expect(guarded.health().degraded).toEqual([])
    await guarded.log.close()
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
