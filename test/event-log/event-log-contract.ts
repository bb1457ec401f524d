import {
  LogUnavailable,
  WrongSequence,
  type EventLog,
  type StoredMessage,
} from "@sluice/infra/event-log/event-log.ts"
import { expect } from "vitest"

/** What every implementation of the log holds to: a sentence, and the proof that runs against an empty log. */
export interface Behaviour {
  readonly sentence: string
  readonly prove: (log: EventLog) => Promise<void>
}

const a = "sluice.log.channel.a"
const b = "sluice.log.channel.b"

/** Appends commits one after the other, each behind the one before it in its subject. */
export const appendAll = async (log: EventLog, subjects: ReadonlyArray<string>): Promise<Array<number>> => {
  const tails = new Map<string, number>()
  for (const subject of subjects) tails.set(subject, (await log.last(subject))?.sequence ?? 0)
  const sequences: Array<number> = []
  for (const [index, subject] of subjects.entries()) {
    const expectedSequence = tails.get(subject) ?? 0
    const sequence = await log.append({
      subject,
      id: `${subject}-${expectedSequence}`,
      body: `body ${index}`,
      expectedSequence,
    })
    tails.set(subject, sequence)
    sequences.push(sequence)
  }
  return sequences
}

/** Collects what an iterable gives until it ends or has given `count`. */
export const collect = async (
  messages: AsyncIterable<StoredMessage>,
  count = Infinity,
): Promise<Array<StoredMessage>> => {
  const collected: Array<StoredMessage> = []
  for await (const message of messages) {
    collected.push(message)
    if (collected.length >= count) break
  }
  return collected
}

const sequencesOf = (messages: ReadonlyArray<StoredMessage>): Array<number> =>
  messages.map((message) => message.sequence)

const appending: ReadonlyArray<Behaviour> = [
  {
    sentence: "a commit is given back as it was stored, with its subject, id and sequence",
    prove: async (log) => {
      const commit = { subject: a, id: "one", body: `{"text":"zwölf Äpfel 🍏"}` }
      const sequence = await log.append({ ...commit, expectedSequence: 0 })
      expect(sequence).toBe(1)
      expect(await log.last(a)).toEqual({ ...commit, sequence })
      expect(await collect(log.read({ afterSequence: 0 }))).toEqual([{ ...commit, sequence }])
    },
  },
  {
    sentence: "a commit behind a tail that another one has moved on is refused with the higher sequence",
    prove: async (log) => {
      await appendAll(log, [a, b, a])
      const late = log.append({ subject: a, id: "late", body: "", expectedSequence: 1 })
      await expect(late).rejects.toEqual(new WrongSequence({ subject: a, expected: 1, actual: 3 }))
      expect(await log.head()).toBe(3)
    },
  },
  {
    sentence: "a commit behind a tail that the log does not have is refused with the lower sequence",
    prove: async (log) => {
      await appendAll(log, [a])
      const ahead = log.append({ subject: a, id: "ahead", body: "", expectedSequence: 7 })
      await expect(ahead).rejects.toEqual(new WrongSequence({ subject: a, expected: 7, actual: 1 }))
      const lost = log.append({ subject: b, id: "lost", body: "", expectedSequence: 7 })
      await expect(lost).rejects.toEqual(new WrongSequence({ subject: b, expected: 7, actual: 0 }))
    },
  },
  {
    sentence: "of many commits for the same place one is stored and every other refused",
    prove: async (log) => {
      const attempts = Array.from({ length: 8 }, (_, index) =>
        log.append({ subject: a, id: `host-${index}`, body: "", expectedSequence: 0 }),
      )
      const outcomes = await Promise.allSettled(attempts)
      expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(WrongSequence)
      }
      expect(await collect(log.read({ subject: a, afterSequence: 0 }))).toHaveLength(1)
    },
  },
  {
    sentence: "a commit that already stands at the tail answers with its sequence and is not stored again",
    prove: async (log) => {
      await appendAll(log, [b])
      const commit = { subject: a, id: "once", body: "", expectedSequence: 0 }
      expect(await log.append(commit)).toBe(2)
      expect(await log.append(commit)).toBe(2)
      expect(await log.head()).toBe(2)
    },
  },
  {
    sentence: "a commit of 1 MB is stored and read back whole",
    prove: async (log) => {
      const body = "0123456789".repeat(100_000)
      await log.append({ subject: a, id: "large", body, expectedSequence: 0 })
      expect((await log.last(a))?.body).toBe(body)
      expect((await collect(log.read({ afterSequence: 0 })))[0]?.body).toBe(body)
    },
  },
]

const asking: ReadonlyArray<Behaviour> = [
  {
    sentence: "an empty log has head 0, no subjects and no last commits",
    prove: async (log) => {
      expect(await log.head()).toBe(0)
      expect(await log.subjects()).toEqual([])
      expect(await log.last(a)).toBeUndefined()
      expect(await collect(log.read({ afterSequence: 0 }))).toEqual([])
    },
  },
  {
    sentence: "the head counts over all subjects, and each subject is listed once",
    prove: async (log) => {
      await appendAll(log, [a, b, a, "sluice.log.configuration"])
      expect(await log.head()).toBe(4)
      expect((await log.subjects()).toSorted()).toEqual([a, b, "sluice.log.configuration"])
      expect((await log.last(a))?.sequence).toBe(3)
      expect((await log.last(b))?.sequence).toBe(2)
    },
  },
]

const looking: ReadonlyArray<Behaviour> = [
  {
    sentence: "a commit is found by its sequence, and nothing where it was purged or is not stored yet",
    prove: async (log) => {
      await appendAll(log, [a, b, a])
      expect(await log.at(2)).toEqual(await log.last(b))
      expect(await log.at(4)).toBeUndefined()
      await log.purge({ subject: a, beforeSequence: 3 })
      expect(await log.at(1)).toBeUndefined()
      expect(await log.identity()).toBe(await log.identity())
    },
  },
]

const reading: ReadonlyArray<Behaviour> = [
  {
    sentence: "reading gives every commit once and in order, more than the reader fetches at a time",
    prove: async (log) => {
      const subjects = Array.from({ length: 2_500 }, (_, index) => `sluice.log.channel.c${index % 50}`)
      const tails = new Map<string, Promise<number>>()
      const appended = subjects.map((subject, index) => {
        const before = tails.get(subject) ?? Promise.resolve(0)
        const sequence = before.then((expectedSequence) =>
          log.append({ subject, id: `commit-${index}`, body: "", expectedSequence }),
        )
        tails.set(subject, sequence)
        return sequence
      })
      await Promise.all(appended)
      const read = await collect(log.read({ afterSequence: 0 }))
      expect(sequencesOf(read)).toEqual(subjects.map((_, index) => index + 1))
      expect(new Set(read.map(({ id }) => id)).size).toBe(subjects.length)
    },
  },
  {
    sentence: "reading a range leaves out its start and takes in its end",
    prove: async (log) => {
      await appendAll(log, [a, b, a, b, a])
      expect(sequencesOf(await collect(log.read({ afterSequence: 1, untilSequence: 4 })))).toEqual([2, 3, 4])
      const beyond = log.read({ afterSequence: 3, untilSequence: 99 })
      expect(sequencesOf(await collect(beyond))).toEqual([4, 5])
    },
  },
  {
    sentence: "reading a subject gives its commits alone",
    prove: async (log) => {
      await appendAll(log, [a, b, a, b, a])
      expect(sequencesOf(await collect(log.read({ subject: a, afterSequence: 0 })))).toEqual([1, 3, 5])
      const range = log.read({ subject: b, afterSequence: 1, untilSequence: 3 })
      expect(sequencesOf(await collect(range))).toEqual([2])
    },
  },
  {
    sentence: "reading where nothing is stored ends at once",
    prove: async (log) => {
      await appendAll(log, [a, b, a, a])
      expect(await collect(log.read({ afterSequence: 4 }))).toEqual([])
      expect(await collect(log.read({ afterSequence: 99 }))).toEqual([])
      expect(await collect(log.read({ afterSequence: 2, untilSequence: 1 }))).toEqual([])
      expect(await collect(log.read({ subject: b, afterSequence: 2 }))).toEqual([])
      expect(await collect(log.read({ subject: a, afterSequence: 1, untilSequence: 2 }))).toEqual([])
      expect(await collect(log.read({ subject: "sluice.log.channel.none", afterSequence: 0 }))).toEqual([])
    },
  },
  {
    sentence: "reading ends at the head that it found, whatever is stored meanwhile",
    prove: async (log) => {
      await appendAll(log, [a, a])
      const read: Array<number> = []
      for await (const { sequence } of log.read({ afterSequence: 0 })) {
        read.push(sequence)
        await appendAll(log, [a])
      }
      expect(read).toEqual([1, 2])
      expect(await log.head()).toBe(4)
    },
  },
]

/** How it is to be followed, and how that is said. */
const followedBy = (how: string, more: { readonly gatherMs?: number }): ReadonlyArray<Behaviour> => [
  {
    sentence: `following${how} gives what is there and then what comes, without a gap or a repeat`,
    prove: async (log) => {
      await appendAll(log, [a, b, a])
      const { signal } = new AbortController()
      const followed = collect(log.follow({ afterSequence: 1, signal, ...more }), 42)
      const ofOne = collect(log.follow({ subject: b, afterSequence: 0, signal, ...more }), 21)
      for (let round = 0; round < 20; round++) await appendAll(log, [a, b])
      const everything = sequencesOf(await collect(log.read({ afterSequence: 0 })))
      expect(sequencesOf(await followed)).toEqual(everything.slice(1))
      expect((await ofOne).every(({ subject }) => subject === b)).toBe(true)
    },
  },
  {
    sentence: `following${how} from beyond the head begins there`,
    prove: async (log) => {
      const { signal } = new AbortController()
      const followed = collect(log.follow({ afterSequence: 2, signal, ...more }), 1)
      await appendAll(log, [a, a, a])
      expect(sequencesOf(await followed)).toEqual([3])
    },
  },
  {
    sentence: `following${how} ends when its signal aborts, also while nothing comes`,
    prove: async (log) => {
      await appendAll(log, [a])
      const abort = new AbortController()
      const sequences: Array<number> = []
      for await (const { sequence } of log.follow({ afterSequence: 0, signal: abort.signal, ...more })) {
        sequences.push(sequence)
        setImmediate(() => abort.abort())
      }
      expect(sequences).toEqual([1])
      const soon = new AbortController()
      const opening = collect(log.follow({ afterSequence: 1, signal: soon.signal, ...more }))
      soon.abort()
      expect(await opening).toEqual([])
      expect(await collect(log.follow({ afterSequence: 0, signal: AbortSignal.abort(), ...more }))).toEqual(
        [],
      )
    },
  },
]

const following: ReadonlyArray<Behaviour> = [
  ...followedBy("", {}),
  ...followedBy(" what is gathered", { gatherMs: 20 }),
]

const purging: ReadonlyArray<Behaviour> = [
  {
    sentence: "a purge takes what a subject holds before a sequence, and nothing of another",
    prove: async (log) => {
      await appendAll(log, [a, b, a, b, a, a])
      const bytes = await log.bytes()
      expect(await log.purge({ subject: a, beforeSequence: 5 })).toBe(2)
      expect(sequencesOf(await collect(log.read({ afterSequence: 0 })))).toEqual([2, 4, 5, 6])
      expect(sequencesOf(await collect(log.read({ subject: a, afterSequence: 0 })))).toEqual([5, 6])
      expect(sequencesOf(await collect(log.read({ afterSequence: 2, untilSequence: 5 })))).toEqual([4, 5])
      expect(await log.bytes()).toBeLessThan(bytes)
      expect(await log.purge({ subject: a, beforeSequence: 5 })).toBe(0)
    },
  },
  {
    sentence: "a purge leaves a subject its last message and the fence behind it, and the head",
    prove: async (log) => {
      await appendAll(log, [b, a, a])
      expect(await log.purge({ subject: a, beforeSequence: 99 })).toBe(1)
      expect((await log.last(a))?.sequence).toBe(3)
      const stale = log.append({ subject: a, id: "stale", body: "", expectedSequence: 0 })
      await expect(stale).rejects.toEqual(new WrongSequence({ subject: a, expected: 0, actual: 3 }))
      expect(await log.append({ subject: a, id: "next", body: "", expectedSequence: 3 })).toBe(4)
      expect(await log.purge({ subject: "sluice.log.channel.none", beforeSequence: 99 })).toBe(0)
      expect(await log.head()).toBe(4)
    },
  },
  {
    sentence: "who follows the log loses nothing to a purge of what was read",
    prove: async (log) => {
      await appendAll(log, [a, a, a])
      const { signal } = new AbortController()
      const followed: Array<number> = []
      for await (const { sequence } of log.follow({ afterSequence: 0, signal })) {
        followed.push(sequence)
        if (sequence === 3) await log.purge({ subject: a, beforeSequence: 3 })
        if (sequence < 6) await appendAll(log, [a])
        else break
      }
      expect(followed).toEqual([1, 2, 3, 4, 5, 6])
    },
  },
]

const snapshot = (version: number, state: unknown, machineHash = "m1") => ({
  version,
  sequence: version * 10,
  machineHash,
  state,
})

const snapshotting: ReadonlyArray<Behaviour> = [
  {
    sentence: "a snapshot is given back as it was saved, and none where none was",
    prove: async (log) => {
      expect(await log.snapshot(a)).toBeUndefined()
      const saved = snapshot(3, { inFlight: 2, lanes: [{ client: "zoë" }], until: null })
      await log.saveSnapshot(a, saved)
      expect(await log.snapshot(a)).toEqual(saved)
      expect(await log.snapshot(b)).toBeUndefined()
    },
  },
  {
    sentence: "a snapshot replaces an older one and one of its own version, never a newer one",
    prove: async (log) => {
      await log.saveSnapshot(a, snapshot(3, "three"))
      await log.saveSnapshot(a, snapshot(5, "five"))
      await log.saveSnapshot(a, snapshot(4, "four"))
      expect(await log.snapshot(a)).toEqual(snapshot(5, "five"))
      await log.saveSnapshot(a, snapshot(5, "five", "m2"))
      expect((await log.snapshot(a))?.machineHash).toBe("m2")
    },
  },
  {
    sentence: "of snapshots that are saved at once the newest is never overwritten",
    prove: async (log) => {
      await log.saveSnapshot(a, snapshot(2, null))
      await Promise.all([3, 4].map((version) => log.saveSnapshot(a, snapshot(version, null))))
      expect((await log.snapshot(a))?.version).toBe(4)
    },
  },
]

const closing: ReadonlyArray<Behaviour> = [
  {
    sentence: "a closed log is unavailable, to those who follow it too",
    prove: async (log) => {
      await appendAll(log, [a])
      const { signal } = new AbortController()
      const followed = [{}, { gatherMs: 20 }].map((more) =>
        collect(log.follow({ afterSequence: 0, signal, ...more })),
      )
      expect(log.isConnected()).toBe(true)
      await log.close()
      expect(log.isConnected()).toBe(false)
      for (const one of followed) await expect(one).rejects.toBeInstanceOf(LogUnavailable)
      const late = log.append({ subject: a, id: "late", body: "", expectedSequence: 1 })
      await expect(late).rejects.toBeInstanceOf(LogUnavailable)
      await expect(log.last(a)).rejects.toBeInstanceOf(LogUnavailable)
      await expect(log.head()).rejects.toBeInstanceOf(LogUnavailable)
      await expect(collect(log.read({ afterSequence: 0 }))).rejects.toBeInstanceOf(LogUnavailable)
      await expect(log.snapshot(a)).rejects.toBeInstanceOf(LogUnavailable)
    },
  },
]

/** The contract of the event log. Source: L5, L8, L11. */
export const eventLogContract: ReadonlyArray<Behaviour> = [
  ...appending,
  ...asking,
  ...looking,
  ...reading,
  ...following,
  ...snapshotting,
  ...purging,
  ...closing,
]
