import { type EventLog, LogUnavailable, type StoredMessage } from "../event-log.ts"
import { createMemoryLog } from "./memory-log.ts"

/** A log in memory that fails on command. */
export interface FailingLog extends EventLog {
  /** `gone`: nothing is stored or answered. `mute`: what is appended is stored and not answered. */
  state: "well" | "gone" | "mute"
  /** What it holds, however it fares. */
  stored(): Promise<ReadonlyArray<StoredMessage>>
}

/** Makes one; its content outlives `close`, so that it can stand for a server over several starts of a process. */
export const createFailingLog = (memory: EventLog = createMemoryLog()): FailingLog => {
  const requireAnswer = (): void => {
    if (made.state !== "well") throw new LogUnavailable({ reason: "no answer" })
  }
  const made: FailingLog = {
    ...memory,
    state: "well",
    append: async (commit) => {
      if (made.state !== "gone") {
        const sequence = await memory.append(commit)
        if (made.state === "well") return sequence
      }
      throw new LogUnavailable({ reason: "no answer" })
    },
    last: async (subject) => {
      requireAnswer()
      return memory.last(subject)
    },
    read: async function* (range) {
      requireAnswer()
      yield* memory.read(range)
    },
    isConnected: () => made.state === "well",
    close: async () => undefined,
    stored: async () => {
      const stored: Array<StoredMessage> = []
      for await (const message of memory.read({ afterSequence: 0 })) stored.push(message)
      return stored
    },
  }
  return made
}
