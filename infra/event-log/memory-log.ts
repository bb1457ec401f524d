import { Schema } from "effect"
import { LogUnavailable, Snapshot, WrongSequence, type EventLog, type StoredMessage } from "./event-log.ts"

const decodeSnapshot = Schema.decodeUnknownSync(Schema.fromJsonString(Snapshot))

const firstAfter = (messages: ReadonlyArray<StoredMessage>, sequence: number): number => {
  const index = messages.findIndex((message) => message.sequence > sequence)
  return index === -1 ? messages.length : index
}

/** What the parts of the log share. */
interface Memory {
  readonly messages: Array<StoredMessage>
  readonly bySubject: Map<string, Array<StoredMessage>>
  /** Followers that have read everything. */
  readonly waiting: Set<() => void>
  isOpen: boolean
}

const requireOpen = (memory: Memory): void => {
  if (!memory.isOpen) throw new LogUnavailable({ reason: "the log is closed" })
}

const wake = ({ waiting }: Memory): void => {
  const woken = [...waiting]
  waiting.clear()
  for (const resume of woken) resume()
}

const messagesOf = ({ messages, bySubject }: Memory, subject: string | undefined): Array<StoredMessage> => {
  if (subject === undefined) return messages
  const found = bySubject.get(subject) ?? []
  bySubject.set(subject, found)
  return found
}

const appendTo = (memory: Memory): EventLog["append"] =>
  async function append({ subject, id, body, expectedSequence }) {
    requireOpen(memory)
    const ofSubject = messagesOf(memory, subject)
    const tail = ofSubject.at(-1)
    if (tail?.id === id) return tail.sequence
    const actual = tail?.sequence ?? 0
    if (actual !== expectedSequence) throw new WrongSequence({ subject, expected: expectedSequence, actual })
    const message = { subject, sequence: memory.messages.length + 1, id, body }
    memory.messages.push(message)
    ofSubject.push(message)
    wake(memory)
    return message.sequence
  }

const readFrom = (memory: Memory): EventLog["read"] =>
  async function* read({ subject, afterSequence, untilSequence = Infinity }) {
    requireOpen(memory)
    const until = Math.min(memory.messages.length, untilSequence)
    const messages = messagesOf(memory, subject)
    for (let index = firstAfter(messages, afterSequence); index < messages.length; index++) {
      requireOpen(memory)
      const message = messages[index]
      if (message === undefined || message.sequence > until) return
      yield message
    }
  }

const followOf = (memory: Memory): EventLog["follow"] =>
  async function* follow({ subject, afterSequence, signal }) {
    const messages = messagesOf(memory, subject)
    let index = firstAfter(messages, afterSequence)
    const wakeUp = (): void => wake(memory)
    signal.addEventListener("abort", wakeUp)
    try {
      while (!signal.aborted) {
        requireOpen(memory)
        const message = messages[index]
        if (message === undefined) {
          await new Promise<void>((resume) => memory.waiting.add(resume))
          continue
        }
        index++
        if (message.sequence > afterSequence) yield message
      }
    } finally {
      signal.removeEventListener("abort", wakeUp)
    }
  }

const snapshotsOf = (memory: Memory): Pick<EventLog, "snapshot" | "saveSnapshot"> => {
  const stored = new Map<string, string>()
  const snapshotOf = (subject: string): Snapshot | undefined => {
    requireOpen(memory)
    const json = stored.get(subject)
    return json === undefined ? undefined : decodeSnapshot(json)
  }
  return {
    snapshot: async (subject) => snapshotOf(subject),
    saveSnapshot: async (subject, snapshot) => {
      const there = snapshotOf(subject)
      if ((there?.version ?? 0) <= snapshot.version) stored.set(subject, JSON.stringify(snapshot))
    },
  }
}

/**
 * Keeps a log in memory that holds to the same contract as the one in JetStream, for tests and simulations.
 *
 * It answers in microtasks and has no timer, so a simulation stays within the turn of its clock.
 */
export const createMemoryLog = (): EventLog => {
  const memory: Memory = { messages: [], bySubject: new Map(), waiting: new Set(), isOpen: true }
  return {
    ...snapshotsOf(memory),
    append: appendTo(memory),
    read: readFrom(memory),
    follow: followOf(memory),
    last: async (subject) => {
      requireOpen(memory)
      return messagesOf(memory, subject).at(-1)
    },
    subjects: async () => {
      requireOpen(memory)
      return [...memory.bySubject].filter(([, messages]) => messages.length > 0).map(([subject]) => subject)
    },
    head: async () => {
      requireOpen(memory)
      return memory.messages.length
    },
    isConnected: () => memory.isOpen,
    close: async () => {
      memory.isOpen = false
      wake(memory)
    },
  }
}
