import { rm } from "node:fs/promises"
import { decodeCommit, type Fact } from "@sluice/events/commit.ts"
import { openArchive } from "@sluice/infra/archive/archive-file.ts"
import { checkArchive, importArchive } from "@sluice/infra/archive/import-archive.ts"
import { writeArchive } from "@sluice/infra/archive/write-archive.ts"
import type { EventLog, StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { addTo, closeBlock, openBlock, projectMessage } from "@sluice/projector/block.ts"
import { expect } from "vitest"
import { statesOfStored } from "../golden/states.ts"

/** All messages of a log. */
const messagesOf = async (log: EventLog): Promise<ReadonlyArray<StoredMessage>> => {
  const messages: Array<StoredMessage> = []
  for await (const message of log.read({ afterSequence: 0 })) messages.push(message)
  return messages
}

/** Exports a log and imports it into another one. */
const copyOf = async (log: EventLog, path: string): Promise<EventLog> => {
  const { signal } = new AbortController()
  const onProgress = () => undefined
  {
    await using file = await openArchive(path, null)
    const { write, begun: after, fromMs } = file
    await writeArchive({ log, write: (bytes) => write(bytes), after, fromMs, signal, onProgress })
  }
  const copy = createMemoryLog()
  const manifest = await checkArchive(path, onProgress)
  const imports = {
    unfinished: async () => undefined,
    begin: async () => undefined,
    finish: async () => undefined,
    close: async () => undefined,
  }
  await importArchive({ log: copy, imports, path, manifest, signal, onProgress })
  await rm(path)
  return copy
}

/**
 * Expects of everything in a log that it is read, folded, projected, exported and imported, and folds to the same states after that. Gives the facts, the states, and all rows as text.
 *
 * `path` is where the export goes; it is removed again.
 */
export const expectReadable = async (log: EventLog, path: string) => {
  const messages = await messagesOf(log)
  const facts: ReadonlyArray<Fact> = messages.flatMap(({ body }) => decodeCommit(body).facts)
  const states = statesOfStored(messages)
  const block = openBlock()
  const rows: Array<string> = []
  for (const message of messages) {
    const projected = projectMessage(message)
    expect(projected.rejection).toBeNull()
    addTo(block, projected)
    for (const { rows: of } of projected.tables)
      rows.push(
        JSON.stringify(of, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
      )
  }
  expect(closeBlock(block).tables.length).toBeGreaterThan(0)
  const copied = await messagesOf(await copyOf(log, path))
  expect(copied).toEqual(messages)
  expect(statesOfStored(copied)).toEqual(states)
  return { messages, facts, states, rows }
}
