import type { EventLog, StoredMessage } from "../event-log.ts"
import { createMemoryLog } from "./memory-log.ts"

/** A log that loses messages and keeps its last sequence, as a server can whose files were damaged. */
export interface LosingLog extends EventLog {
  lose(sequences: ReadonlyArray<number>): void
}

/** Makes one in memory. */
export const createLosingLog = (memory: EventLog = createMemoryLog()): LosingLog => {
  const lost = new Set<number>()
  const lastOf = async (subject: string): Promise<StoredMessage | undefined> => {
    let last: StoredMessage | undefined
    for await (const message of memory.read({ subject, afterSequence: 0 }))
      if (!lost.has(message.sequence)) last = message
    return last
  }
  async function* heldOf(messages: AsyncIterable<StoredMessage>) {
    for await (const message of messages) if (!lost.has(message.sequence)) yield message
  }
  return {
    ...memory,
    lose: (sequences) => {
      for (const sequence of sequences) lost.add(sequence)
    },
    append: async (commit) => {
      const isAtEnd = ((await lastOf(commit.subject))?.sequence ?? 0) === commit.expectedSequence
      const behind = (await memory.last(commit.subject))?.sequence ?? 0
      return memory.append(isAtEnd ? { ...commit, expectedSequence: behind } : commit)
    },
    last: lastOf,
    at: async (sequence) => (lost.has(sequence) ? undefined : memory.at(sequence)),
    read: (range) => heldOf(memory.read(range)),
    follow: (range) => heldOf(memory.follow(range)),
  }
}
