import { type Commit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import { Schema } from "effect"
import type { Clock } from "../clock/clock.ts"
import {
  CommitTooLarge,
  type EventLog,
  LogUnavailable,
  type StoredMessage,
  WrongSequence,
} from "../event-log/event-log.ts"
import { createUlids } from "../identity/ulid.ts"
import { headBytes, type StorableFacts } from "./storable-facts.ts"
import { whenAnswered } from "./when-answered.ts"

/** The log did not take a commit, and never will: what it decided did not happen. Source: L6. */
export class CommitRefused extends Schema.TaggedError<CommitRefused>()("CommitRefused", {
  subject: Schema.String,
  reason: Schema.Literals(["another_owner", "tail_lost", "too_large", "closed"]),
}) {
  override get message(): string {
    return `${this.subject}: ${reasons[this.reason]}`
  }
}

const reasons = {
  another_owner: "another host has extended this subject",
  tail_lost: "the log has lost the end of this subject",
  too_large: "the log does not take a commit of this size",
  closed: "this subject is closed",
} as const

/** Where a subject's log stands: how many commits it has, and the sequence of the last. */
export interface Position {
  readonly version: number
  readonly sequence: number
}

/** The most facts of one commit, and the bytes from which it takes no more of them. Source: L6. */
const factsMax = 500
const bytesMax = 256 * 1024

/** The wait before an unanswered log is asked again, at first and at most. */
const retryMs = { first: 50, most: 1_000 }

const joined = { isApart: false, onStored: undefined }

interface Batch {
  readonly facts: Array<Fact>
  /** What they take as JSON, or somewhat more. */
  bytes: number
  /** The time of a commit without facts. */
  at: number
  /** True if it takes no more facts: its commit is built, or is to be one of its own. */
  isSealed: boolean
  /** True if it holds a checkpoint, which is nothing that memory runs ahead with. */
  readonly isApart: boolean
  readonly committed: Promise<void>
  readonly onStored: ((position: Position) => void) | undefined
  readonly resolve: () => void
  readonly reject: (error: CommitRefused) => void
}

/** What a committer tells its subject. */
export interface CommitterEvents {
  /** A commit with nothing behind it is about to be built: the state is exactly what it makes. */
  onCut(position: { version: number; facts: number }): ((sequence: number) => void) | undefined
  /** The log does not answer (true), or answers again (false). */
  onUnavailable(isUnavailable: boolean, reason: string): void
  /** A commit cannot be built or stored at all, for a reason that asking again does not change. */
  onDefect(defect: unknown): void
  /** What was decided since the last commit is void. */
  onRefused(error: CommitRefused): void
}

/**
 * Stores what a subject decides, one commit at a time, behind the fence: what is decided while one is under way goes into the next.
 *
 * Source: L5, L6, L8.
 */
export class Committer {
  #log: EventLog
  #subject: string
  #clock: Clock
  #identity: { readonly node: string; readonly epoch: number }
  #aheadMs: () => number
  #events: CommitterEvents
  #position: Position
  /** Where the subject ended when it was loaded. */
  readonly #loadedSequence: number
  #batches: Array<Batch> = []
  #isRunning = false
  #closedBy: CommitRefused | undefined
  /** The id of the last commit that is stored. */
  #lastId: string | undefined
  #answered: PromiseWithResolvers<void> | undefined
  #nextId = createUlids()

  constructor(options: {
    log: EventLog
    subject: string
    clock: Clock
    identity: { readonly node: string; readonly epoch: number }
    position: Position
    /** Returns how far the subject's time is ahead of the machine's clock. */
    aheadMs: () => number
    events: CommitterEvents
  }) {
    this.#log = options.log
    this.#subject = options.subject
    this.#clock = options.clock
    this.#identity = options.identity
    this.#aheadMs = options.aheadMs
    this.#position = options.position
    this.#loadedSequence = options.position.sequence
    this.#events = options.events
  }

  /** Returns where the log stands, as far as it answered. */
  get position(): Position {
    return this.#position
  }

  /** True if memory runs further ahead of the log than one commit under way and one behind it. Source: L6. */
  get isBacklogged(): boolean {
    return this.#batches.length > 2 && this.#batches.filter(({ isApart }) => !isApart).length > 2
  }

  /** Resolves when the log has answered to the commit under way, whatever it said, or has not in time. */
  get answered(): Promise<void> {
    this.#answered ??= Promise.withResolvers<void>()
    return this.#answered.promise
  }

  /** True if all that was taken is stored. */
  get isSettled(): boolean {
    return this.#batches.length === 0
  }

  /** Takes facts that were decided together; resolves when their commit is stored. */
  add(facts: StorableFacts): Promise<void> {
    const last = this.#batches.at(-1)
    const isFull = last === undefined || last.isSealed || !this.#hasRoomFor(last, facts)
    const batch = isFull ? this.#open(joined) : last
    put(batch, facts)
    this.#start()
    return batch.committed
  }

  #hasRoomFor(batch: Batch, { facts, bytes }: StorableFacts): boolean {
    const most = Math.min(bytesMax, this.#log.bodyBytesMax() - headBytes)
    return batch.facts.length + facts.length <= factsMax && batch.bytes + bytes <= most
  }

  /** Takes facts that are a commit of their own, and tells where it is stored. */
  addApart(facts: StorableFacts, onStored?: (position: Position) => void): void {
    put(this.#open({ isApart: true, onStored }), facts)
    this.#start()
  }

  /** Resolves when all that was taken so far is stored. */
  get settled(): Promise<void> {
    return this.#batches.at(-1)?.committed ?? Promise.resolve()
  }

  /**
   * Resolves when the log itself holds all that was taken, or a commit without facts where nothing was: whatever others have sent to this subject and is still on its way is refused from then on.
   *
   * A commit that was spooled is no fence before the log has it, so the log is asked whether it stands at the end of the subject.
   * Fails: rejects with `CommitRefused`.
   * Source: L5, L9, M1.
   */
  async fence(at: number): Promise<void> {
    if (this.isSettled) {
      this.#open(joined).at = at
      this.#start()
    }
    for (;;) {
      await this.settled
      if (this.#closedBy !== undefined) throw this.#closedBy
      const id = this.#lastId
      const tail = await this.#tail()
      if (tail !== undefined && tail.id === id) return
      // Where nothing of its own was on its way meanwhile, the end of the subject is not what it has stored.
      if (id === this.#lastId && this.isSettled)
        this.close((tail?.sequence ?? 0) > this.#loadedSequence ? "another_owner" : "tail_lost")
    }
  }

  /** Returns the subject's last commit as soon as the log tells it. */
  async #tail(): Promise<StoredMessage | undefined> {
    try {
      return await whenAnswered(this.#clock, () => this.#log.last(this.#subject))
    } catch (error) {
      if (error instanceof WrongSequence) return this.#lose(error)
      throw error
    }
  }

  /** Refuses what is not stored yet and takes nothing more. */
  close(reason: CommitRefused["reason"]): void {
    if (this.#closedBy !== undefined) return
    const error = new CommitRefused({ subject: this.#subject, reason })
    this.#closedBy = error
    for (const batch of this.#batches.splice(0)) batch.reject(error)
    this.#events.onRefused(error)
    this.#onAnswered()
  }

  #onAnswered(): void {
    this.#answered?.resolve()
    this.#answered = undefined
  }

  #start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    // What the other requests of this turn decide goes into the same commit, and an attempt is sent before it is stored.
    this.#clock.soon(() => void this.#run().catch((defect: unknown) => this.#events.onDefect(defect)))
  }

  #open({ isApart, onStored }: Pick<Batch, "isApart" | "onStored">): Batch {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // A refusal reaches whoever waits for the batch; a batch that nobody waits for is no unhandled failure.
    promise.catch(() => undefined)
    const batch: Batch = {
      facts: [],
      bytes: 0,
      at: 0,
      isSealed: isApart,
      isApart,
      committed: promise,
      onStored,
      resolve,
      reject,
    }
    if (this.#closedBy !== undefined) reject(new CommitRefused({ subject: this.#subject, reason: "closed" }))
    else this.#batches.push(batch)
    return batch
  }

  async #run(): Promise<void> {
    for (let batch = this.#batches[0]; batch !== undefined; batch = this.#batches[0]) {
      batch.isSealed = true
      const version = this.#position.version + 1
      const id = this.#nextId(this.#clock.now())
      const body = this.#bodyOf(batch, { id, version })
      const isLast = this.#batches.length === 1
      const onStored = isLast ? this.#events.onCut({ version, facts: batch.facts.length }) : undefined
      const sequence = await this.#store(id, body)
      if (sequence === undefined || this.#closedBy !== undefined) return
      this.#position = { version, sequence }
      this.#lastId = id
      this.#batches.shift()
      batch.onStored?.(this.#position)
      batch.resolve()
      onStored?.(sequence)
      this.#onAnswered()
      // An answer comes together with other work: what that decides goes along with what has been waiting.
      if (this.#batches.length > 0) await new Promise<void>((resolve) => this.#clock.soon(resolve))
    }
    this.#isRunning = false
  }

  #bodyOf(batch: Batch, { id, version }: { id: string; version: number }): string {
    const { facts } = batch
    const at = facts.at(-1)?.at ?? batch.at
    const aheadMs = this.#aheadMs()
    const wall = aheadMs === 0 ? {} : { wallAt: at - aheadMs }
    const commit: Commit = {
      commit: id,
      version,
      at,
      ...wall,
      ...this.#identity,
      schema: schemaNumber,
      facts,
    }
    return JSON.stringify(commit)
  }

  /** Asks the log until it answers: after an append without an answer the commit may be stored, and the next one then finds it at the tail. Source: L8. */
  async #store(id: string, body: string): Promise<number | undefined> {
    const message = { subject: this.#subject, id, body, expectedSequence: this.#position.sequence }
    let waitMs = retryMs.first
    for (let isFirst = true; this.#closedBy === undefined; isFirst = false) {
      try {
        const sequence = await this.#log.append(message)
        if (!isFirst) this.#events.onUnavailable(false, "")
        return sequence
      } catch (error) {
        if (error instanceof WrongSequence) return this.#lose(error)
        if (error instanceof CommitTooLarge) return this.#refuse("too_large")
        if (!(error instanceof LogUnavailable)) throw error
        if (isFirst) this.#events.onUnavailable(true, error.reason)
        this.#onAnswered()
        await new Promise<void>((resolve) => this.#clock.at(this.#clock.now() + waitMs, resolve))
        waitMs = Math.min(waitMs * 2, retryMs.most)
      }
    }
    return undefined
  }

  #lose({ actual, expected }: WrongSequence): undefined {
    return this.#refuse(actual > expected ? "another_owner" : "tail_lost")
  }

  #refuse(reason: CommitRefused["reason"]): undefined {
    this.close(reason)
  }
}

const put = (batch: Batch, { facts, bytes }: StorableFacts): void => {
  for (const fact of facts) batch.facts.push(fact)
  batch.bytes += bytes
}
