import { sleep } from "../../clock/clock.ts"
import type { Cancel, Clock } from "../../clock/clock.ts"
import { type EventLog, LogUnavailable, WrongSequence } from "../event-log.ts"
import type { Disk } from "./disk.ts"
import { type Drained, SpoolDrain } from "./drain.ts"
import { SpoolFences } from "./fences.ts"
import { SpoolFile } from "./file.ts"
import { encodeRecord, factsIn, type SpoolRecord } from "./record.ts"
import type { SpoolListener, SpoolPolicy, SpoolState } from "./spool.ts"

type Commit = Parameters<EventLog["append"]>[0]

/** What a spooler works with. */
export interface SpoolerOptions {
  readonly log: EventLog
  readonly file: SpoolFile
  readonly refusedFile: string
  readonly disk: Disk
  readonly policy: () => SpoolPolicy
  readonly listener: SpoolListener
  readonly clock: Clock
}

/** With less than this left, commits wait for the end of the drain rather than go behind it, so that it comes to an end under any load. */
const lastStretchBytes = 256 * 1024
/** A start does not wait longer for a log that does not answer. */
const startGiveUpMs = 10_000
/** A close waits so long for a drain that is under way; what is left is drained at the next start. */
const closeDrainMs = 2_000
/** How often it is told that the spool still holds something. */
const remindEveryMs = 60_000
/** The wait before a disk that failed is asked again. */
const diskRetryMs = 500

/**
 * Decides for each commit whether it goes to the log or to the spool, and keeps the spool draining while it holds anything.
 *
 * Source: L8, L9.
 */
export class Spooler {
  #options: SpoolerOptions
  #file: SpoolFile
  #fences = new SpoolFences()
  #holding: PromiseWithResolvers<void> | undefined
  #draining: Promise<void> = Promise.resolve()
  /** Closed in the last stretch of a drain. */
  #gate: PromiseWithResolvers<void> | undefined
  #figures = { commits: 0, facts: 0, bytes: 0 }
  #begunAt = 0
  #isTold = false
  #isFull = false
  /** Why it cannot be drained any more, before the next start. */
  #defect: unknown
  #refusedFile: ReturnType<typeof SpoolFile.open> | undefined
  #isClosed = false
  #giveUpAt = Infinity
  #endReminding: Cancel = () => undefined

  constructor(options: SpoolerOptions) {
    this.#options = options
    this.#file = options.file
  }

  /** Returns what the spool is doing. */
  get state(): SpoolState {
    const { bytes, commits } = this.#file
    const hasRoom = !this.#isFull && bytes < this.#options.policy().limitBytes / 2
    return { isHolding: this.#holding !== undefined, commits, bytes, hasRoom }
  }

  /** Stores a commit behind the fence: in the log, or in the spool while that does not answer or the spool holds anything. */
  async append(commit: Commit): Promise<number> {
    while (this.#gate !== undefined) await this.#gate.promise
    this.#requireOpen()
    if (this.#holding !== undefined) return this.#spool(commit, "")
    const expectedSequence = this.#fences.fenceOf(commit)
    try {
      const sequence = await this.#options.log.append({ ...commit, expectedSequence })
      this.#hasRoomAgain()
      return sequence
    } catch (error) {
      if (!(error instanceof LogUnavailable) || this.#isClosed) throw error
      if (this.#holding === undefined && !this.#options.policy().isOn) throw error
      return this.#spool(commit, error.reason)
    }
  }

  /** Resolves when the spool is empty. Fails: rejects with `LogUnavailable` when it is closed before, and with `WrongSequence` for a subject whose tail the log has lost. */
  async settled(subject?: string): Promise<void> {
    while (this.#holding !== undefined) await this.#holding.promise
    if (subject !== undefined) this.#fences.requireTail(subject)
  }

  /** Returns the real sequence of a subject's last commit; `undefined` where it is not in the log yet. */
  storedSequence(subject: string, sequence: number): number | undefined {
    return this.#holding === undefined ? this.#fences.storedSequence(subject, sequence) : undefined
  }

  /** Drains what an earlier process left. Fails: rejects with `LogUnavailable` where the log does not answer for a while. */
  async drainWhatIsLeft(): Promise<void> {
    if (this.#file.bytes === 0) return
    const { clock } = this.#options
    this.#giveUpAt = clock.now() + startGiveUpMs
    this.#hold()
    this.#isTold = true
    await this.#drain()
    this.#giveUpAt = Infinity
  }

  /** Ends it, and the log; what the spool holds is on the disk. */
  async close(): Promise<void> {
    const { clock, log } = this.#options
    if (this.#holding !== undefined && log.isConnected()) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cancel = clock.at(clock.now() + closeDrainMs, resolve)
      await Promise.race([this.#draining, promise])
      cancel()
    }
    this.#isClosed = true
    this.#endReminding()
    this.#openGate()
    this.#holding?.reject(closed())
    await this.#draining
    await this.#file.close()
    await (await this.#refusedFile)?.file.close()
    await log.close()
  }

  async #spool(commit: Commit, reason: string): Promise<number> {
    const { subject, id, body, expectedSequence: expected } = commit
    const before = this.#fences.tailOf(subject)
    if (before?.id === id) return before.stored.then(() => before.sequence)
    if (before !== undefined && before.sequence !== expected)
      throw new WrongSequence({ subject, expected, actual: before.sequence })
    const expectedSequence = before === undefined ? this.#fences.fenceOf(commit) : null
    const record = encodeRecord({ subject, id, body, expectedSequence })
    this.#requireRoom(record.length)
    const stored = this.#file.append(record).catch((error: unknown) => {
      throw this.#full(error)
    })
    const tail = this.#fences.add(commit, stored)
    if (this.#holding === undefined) {
      this.#hold()
      this.#draining = this.#drainUntilClosed()
    }
    try {
      await tail.stored
    } catch (error) {
      this.#fences.takeBack(subject, { tail, before })
      throw error
    }
    this.#hasRoomAgain()
    if (!this.#isTold) this.#options.listener.onBegun({ reason })
    this.#isTold = true
    return tail.sequence
  }

  #requireOpen(): void {
    if (this.#isClosed) throw closed()
  }

  #requireRoom(bytes: number): void {
    if (this.#defect !== undefined) throw this.#full(this.#defect)
    const { limitBytes } = this.#options.policy()
    if (this.#file.bytes + bytes > limitBytes)
      throw this.#full(`it holds ${this.#file.bytes} of ${limitBytes} bytes`)
  }

  #full(cause: unknown): LogUnavailable {
    const reason = `the spool takes no more: ${cause instanceof Error ? cause.message : String(cause)}`
    if (!this.#isFull) this.#options.listener.onFull({ reason })
    this.#isFull = true
    return new LogUnavailable({ reason })
  }

  #hasRoomAgain(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#options.listener.onRoom()
  }

  #hold(): void {
    this.#holding = Promise.withResolvers<void>()
    this.#holding.promise.catch(() => undefined)
    this.#figures = { commits: 0, facts: 0, bytes: 0 }
    this.#begunAt = this.#options.clock.now()
    this.#isTold = false
    this.#remindLater()
  }

  #remindLater(): void {
    const { clock, listener } = this.#options
    this.#endReminding = clock.at(clock.now() + remindEveryMs, () => {
      const { commits, bytes } = this.#file
      listener.onHolding({ commits, bytes, seconds: (clock.now() - this.#begunAt) / 1_000 })
      this.#remindLater()
    })
  }

  async #drainUntilClosed(): Promise<void> {
    try {
      await this.#drain()
    } catch (error) {
      if (this.#isClosed) return
      this.#defect = error
      this.#full(error)
      this.#openGate()
    }
  }

  async #drain(): Promise<void> {
    const drain = new SpoolDrain({ ...this.#options, onUnavailable: (error) => this.#onUnavailable(error) })
    do {
      this.#requireOpen()
      const part = await this.#file.next()
      const bySubject = Map.groupBy(part.records, ({ subject }) => subject)
      await Promise.all([...bySubject.values()].map((records) => this.#drainSubject(drain, records)))
      this.#figures.bytes += this.#file.drop(part)
      if (part.records.length === 0) await this.#file.idle
      else if (this.#file.leftBytes <= lastStretchBytes) this.#gate ??= Promise.withResolvers()
    } while (this.#file.leftBytes > 0 || !(await this.#isCleared()))
    this.#finish()
  }

  async #drainSubject(drain: SpoolDrain, records: ReadonlyArray<SpoolRecord>): Promise<void> {
    for (const record of records) {
      this.#requireOpen()
      const drained = await drain.put(record)
      if (drained.kind === "refused") await this.#keepRefused(record, drained.error)
      this.#note(record, drained)
    }
  }

  #note(record: SpoolRecord, drained: Drained): void {
    const { clock } = this.#options
    if (this.#giveUpAt < Infinity) this.#giveUpAt = clock.now() + startGiveUpMs
    this.#fences.note(record, drained)
    if (drained.kind === "refused") return
    this.#figures.commits += 1
    this.#figures.facts += factsIn(record.body)
  }

  /** What somebody was told to be stored is never thrown away, even where it has no place in the log: a disk that does not take it is asked again. */
  async #keepRefused(record: SpoolRecord, error: unknown): Promise<void> {
    while (!(await this.#isKept(record))) await this.#pause()
    this.#options.listener.onRefused({ subject: record.subject, commit: record.id, error })
  }

  async #isKept(record: SpoolRecord): Promise<boolean> {
    this.#requireOpen()
    const { refusedFile, disk } = this.#options
    try {
      this.#refusedFile ??= SpoolFile.open(refusedFile, disk).catch((error: unknown) => {
        this.#refusedFile = undefined
        throw error
      })
      const { file } = await this.#refusedFile
      await file.append(encodeRecord(record))
      return true
    } catch (error) {
      this.#full(error)
      return false
    }
  }

  #onUnavailable(error: LogUnavailable): void {
    this.#openGate()
    if (this.#isClosed || this.#options.clock.now() > this.#giveUpAt) throw error
  }

  /** Before a commit goes past the spool again, the disk has to know that it is empty: else the next start would drain it a second time. */
  async #isCleared(): Promise<boolean> {
    try {
      return (await this.#file.clear()) && this.#file.bytes === 0
    } catch (error) {
      this.#full(error)
      await this.#pause()
      return false
    }
  }

  #pause(): Promise<void> {
    const { clock } = this.#options
    return sleep(clock, diskRetryMs)
  }

  #finish(): void {
    const { listener, clock } = this.#options
    const seconds = (clock.now() - this.#begunAt) / 1_000
    this.#endReminding()
    if (this.#isTold) listener.onDrained({ ...this.#figures, seconds })
    this.#holding?.resolve()
    this.#holding = undefined
    this.#openGate()
  }

  #openGate(): void {
    this.#gate?.resolve()
    this.#gate = undefined
  }
}

const closed = (): LogUnavailable => new LogUnavailable({ reason: "the log is closed" })
