import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import { LogForked, type Snapshot, type StoredMessage } from "@sluice/infra/event-log/event-log.ts"

/** A publish as it reaches the server. */
export interface Publish {
  readonly subject: string
  readonly id: string
  readonly body: string
  /** Absent where the client set no fence. */
  readonly expectedSequence: number | undefined
}

/** The server's answer to a publish. */
export type Acknowledgement =
  | { readonly seq: number; readonly duplicate?: boolean }
  | { readonly error: { readonly err_code: number; readonly description: string } }

/** The server's code for it. */
const wrongLastSequence = 10_071

/** So long the server knows the ids of what it stored. */
const duplicateWindowMs = 1_000

interface Kept extends StoredMessage {
  readonly storedAt: number
}

/** A part of the log. */
export interface Range {
  readonly subject: string | undefined
  readonly afterSequence: number
  /** What has to stand there, where it is known. */
  readonly afterId?: string | null | undefined
  readonly untilSequence: number
  readonly count: number
}

/**
 * A JetStream server as its clients can tell: one stream of messages, snapshots and claims beside it.
 *
 * Source: nats-server 2.12 checks the expected sequence of a publish before its id.
 */
export class SimulatedJetStream {
  readonly #clock: Clock
  readonly identity = "simulated"
  readonly claims = createMemoryClaims()
  readonly snapshots = new Map<string, Snapshot>()
  #messages: Array<Kept> = []
  #ids = new Map<string, Kept>()
  #waiting = new Set<() => void>()
  #head = 0
  /** True if it runs at all: else its connections are cut. */
  isUp = true
  /** While its stream has no leader it takes no publish and answers no question. */
  leaderlessUntil = 0
  /** Told of all that is stored, in the instant in which it is. */
  onStored: (message: StoredMessage) => void = () => undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True if the stream answers. */
  get isAnswering(): boolean {
    return this.isUp && this.#clock.now() >= this.leaderlessUntil
  }

  /** The last sequence of the stream. */
  get head(): number {
    return this.#head
  }

  /** All that is stored. */
  get messages(): ReadonlyArray<StoredMessage> {
    return this.#messages
  }

  /** Stores a message behind its fence. */
  publish({ subject, id, body, expectedSequence }: Publish): Acknowledgement {
    const actual = this.last(subject)?.sequence ?? 0
    if (expectedSequence !== undefined && expectedSequence !== actual) return wrongSequence(actual)
    const now = this.#clock.now()
    const same = this.#ids.get(id)
    if (same !== undefined && now - same.storedAt < duplicateWindowMs)
      return { seq: same.sequence, duplicate: true }
    this.#head += 1
    const message = { subject, id, body, sequence: this.#head, storedAt: now }
    this.#messages.push(message)
    this.#ids.set(id, message)
    this.onStored(message)
    this.#wake()
    return { seq: message.sequence }
  }

  /** Returns a subject's last message. */
  last(subject: string): StoredMessage | undefined {
    return this.#messages.findLast((message) => message.subject === subject)
  }

  /** Returns the message at a sequence. */
  at(sequence: number): StoredMessage | undefined {
    const found = this.#messages[this.#placeAfter(sequence - 1)]
    return found?.sequence === sequence ? found : undefined
  }

  /** Returns what was a subject's last message a while ago, as a replica that is behind does. */
  lastBehind(subject: string, lagMs: number): StoredMessage | undefined {
    const until = this.#clock.now() - lagMs
    return this.#messages.findLast((message) => message.subject === subject && message.storedAt <= until)
  }

  /** Returns some of what is stored, in order. */
  after({ subject, afterSequence, afterId, untilSequence, count }: Range): ReadonlyArray<StoredMessage> {
    if (typeof afterId === "string" && this.at(afterSequence)?.id !== afterId)
      throw new LogForked({ sequence: afterSequence })
    const found: Array<StoredMessage> = []
    for (
      let at = this.#placeAfter(afterSequence);
      at < this.#messages.length && found.length < count;
      at += 1
    ) {
      const message = this.#messages[at]
      if (message === undefined || message.sequence > untilSequence) break
      if (subject === undefined || message.subject === subject) found.push(message)
    }
    return found
  }

  /** Calls back once when something more is stored. */
  onMore(resume: () => void): void {
    this.#waiting.add(resume)
  }

  /** Lists the subjects that hold messages. */
  subjects(): ReadonlyArray<string> {
    return [...new Set(this.#messages.map(({ subject }) => subject))]
  }

  /** The disk had not been told yet of what came in the last moments. */
  loseTail(spanMs: number): void {
    const since = this.#clock.now() - spanMs
    const kept = this.#messages.findLastIndex(({ storedAt }) => storedAt < since) + 1
    for (const { id } of this.#messages.splice(kept)) this.#ids.delete(id)
    this.#head = this.#messages.at(-1)?.sequence ?? 0
    for (const [subject, { sequence }] of this.snapshots)
      if (sequence > this.#head) this.snapshots.delete(subject)
  }

  #placeAfter(sequence: number): number {
    let [from, to] = [0, this.#messages.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#messages[middle]?.sequence ?? 0) > sequence) to = middle
      else from = middle + 1
    }
    return from
  }

  #wake(): void {
    const woken = [...this.#waiting]
    this.#waiting.clear()
    for (const resume of woken) resume()
  }
}

const wrongSequence = (actual: number): Acknowledgement => ({
  error: {
    err_code: wrongLastSequence,
    description: `wrong last sequence: ${actual}`,
  },
})
