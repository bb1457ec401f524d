import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { openSpoolingLog } from "@sluice/infra/event-log/spool/spooling-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { quietListener } from "@sluice/infra/event-log/testing/quiet-listener.ts"
import { describe, expect, test } from "vitest"
import { eventLogContract } from "./event-log-contract.ts"
import { startPrivateNats } from "./event-log-server.ts"

interface OpenLog extends AsyncDisposable {
  readonly log: EventLog
}

const openInMemory = async (): Promise<OpenLog> => {
  const log = createMemoryLog()
  return { log, [Symbol.asyncDispose]: () => log.close() }
}

const openBehindASpool = async (): Promise<OpenLog> => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-spool-"))
  const log = await openSpoolingLog({
    log: createMemoryLog(),
    directory,
    policy: () => ({ isOn: true, limitBytes: 1_000_000 }),
    listener: quietListener,
  })
  return {
    log,
    [Symbol.asyncDispose]: async () => {
      await log.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

const openInJetStream = async (): Promise<OpenLog> => {
  const server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  return {
    log,
    [Symbol.asyncDispose]: async () => {
      await log.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe.each([
  { name: "the log in memory", open: openInMemory },
  { name: "a log behind a spool", open: openBehindASpool },
  { name: "the log in JetStream", open: openInJetStream },
])("$name", ({ open }) => {
  test.each(eventLogContract)("$sentence", async ({ prove }) => {
    expect.hasAssertions()
    await using opened = await open()
    await prove(opened.log)
  })
})
