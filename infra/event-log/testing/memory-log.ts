import { randomUUID } from "node:crypto"
import { Schema } from "effect"
import {
  CommitTooLarge,
  envelopeBytes,
  LogUnavailable,
  Snapshot,
  WrongSequence,
  type EventLog,
  type StoredMessage,
} from "../event-log.ts"

const decodeSnapshot = Schema.decodeUnknownSync(Schema.fromJsonString(Snapshot))

/** Returns the place of the first message after a sequence: they stand in the order of their sequences. */
const firstAfter = (messages: ReadonlyArray<StoredMessage>, sequence: number): number => {
  let [from, to] = [0, messages.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((messages[middle]?.sequence ?? 0) > sequence) to = middle
    else from = middle + 1
  }
  return from
}

/** What the parts of the log share. */
interface Memory {
  messages: Array<StoredMessage>
  readonly bySubject: Map<string, Array<StoredMessage>>
  /** Followers that have read everything. */
  readonly waiting: Set<() => void>
  /** The last sequence that was given. */
  head: number
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

/** As much as the embedded server takes. */
const bodyBytesMax = 8 * 1024 * 1024 - 1_024

const appendTo = (memory: Memory): EventLog["append"] =>
  async function append({ subject, id, body, expectedSequence }) {
    requireOpen(memory)
    // Only what may be too large is measured.
    const bytes = body.length > bodyBytesMax / 3 ? Buffer.byteLength(body) : 0
    if (bytes > bodyBytesMax) throw new CommitTooLarge({ subject, bytes, bytesMax: bodyBytesMax })
    const ofSubject = messagesOf(memory, subject)
    const tail = ofSubject.at(-1)
    if (tail?.id === id) return tail.sequence
    const actual = tail?.sequence ?? 0
    if (actual !== expectedSequence) throw new WrongSequence({ subject, expected: expectedSequence, actual })
    memory.head += 1
    const message = { subject, sequence: memory.head, id, body }
    memory.messages.push(message)
    ofSubject.push(message)
    wake(memory)
    return message.sequence
  }

const readFrom = (memory: Memory): EventLog["read"] =>
  async function* read({ subject, afterSequence, untilSequence = Infinity }) {
    requireOpen(memory)
    const until = Math.min(memory.head, untilSequence)
    let last = afterSequence
    for (;;) {
      requireOpen(memory)
      const messages = messagesOf(memory, subject)
      const message = messages[firstAfter(messages, last)]
      if (message === undefined || message.sequence > until) return
      last = message.sequence
      yield message
    }
  }

const followOf = (memory: Memory): EventLog["follow"] =>
  async function* follow({ subject, afterSequence, signal }) {
    let last = afterSequence
    const wakeUp = (): void => wake(memory)
    signal.addEventListener("abort", wakeUp)
    try {
      while (!signal.aborted) {
        requireOpen(memory)
        const messages = messagesOf(memory, subject)
        const message = messages[firstAfter(messages, last)]
        if (message === undefined) {
          await new Promise<void>((resume) => memory.waiting.add(resume))
          continue
        }
        last = message.sequence
        yield message
      }
    } finally {
      signal.removeEventListener("abort", wakeUp)
    }
  }

const purgeOf = (memory: Memory): EventLog["purge"] =>
  async function purge({ subject, beforeSequence }) {
    requireOpen(memory)
    const messages = messagesOf(memory, subject)
    const count = Math.min(firstAfter(messages, beforeSequence - 1), Math.max(0, messages.length - 1))
    const purged = new Set(messages.splice(0, count))
    memory.messages = memory.messages.filter((message) => !purged.has(message))
    return count
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
export const createMemoryLog = ({ identity = randomUUID() }: { identity?: string } = {}): EventLog => {
  const memory: Memory = { messages: [], bySubject: new Map(), waiting: new Set(), head: 0, isOpen: true }
  return {
    ...snapshotsOf(memory),
    identity: async () => {
      requireOpen(memory)
      return identity
    },
    append: appendTo(memory),
    bodyBytesMax: () => bodyBytesMax,
    read: readFrom(memory),
    follow: followOf(memory),
    last: async (subject) => {
      requireOpen(memory)
      return messagesOf(memory, subject).at(-1)
    },
    at: async (sequence) => {
      requireOpen(memory)
      const found = memory.messages[firstAfter(memory.messages, sequence - 1)]
      return found?.sequence === sequence ? found : undefined
    },
    subjects: async () => {
      requireOpen(memory)
      return [...memory.bySubject].filter(([, messages]) => messages.length > 0).map(([subject]) => subject)
    },
    head: async () => {
      requireOpen(memory)
      return memory.head
    },
    purge: purgeOf(memory),
    bytes: async () =>
      memory.messages.reduce((sum, { body }) => sum + Buffer.byteLength(body) + envelopeBytes, 0),
    isConnected: () => memory.isOpen,
    close: async () => {
      memory.isOpen = false
      wake(memory)
    },
  }
}
