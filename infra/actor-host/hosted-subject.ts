import type { Fact } from "@sluice/events/commit.ts"
import type { Cancel } from "../clock/clock.ts"
import { SubjectTime } from "../clock/subject-time.ts"
import { WrongSequence } from "../event-log/event-log.ts"
import { CommitRefused, Committer } from "./committer.ts"
import type { Decider, Denial } from "./decider.ts"
import type { HostOptions } from "./host-options.ts"
import { load, type Loaded, UnreadableHistory } from "./loading.ts"
import { LostTail } from "./lost-tail.ts"
import { FactsRefused, storable, type StorableFacts } from "./storable-facts.ts"
import { StoredStates } from "./stored-states.ts"
import type { Executed, Subject } from "./subject.ts"
import { whenAnswered } from "./when-answered.ts"

/** The most facts that follow by themselves before the next turn of the event loop. Source: L6. */
const reactionsMax = 500

/**
 * One subject of the log with the live state that it makes: load → decide → evolve → commit → effects, and timers.
 *
 * Source: L1–L8, L11.
 */
export class HostedSubject<State, Command, Denied extends Denial> implements Subject<State, Command, Denied> {
  readonly subject: string
  readonly time: SubjectTime
  #options: HostOptions
  #decider: Decider<State, Command, Denied>
  #state: State
  #committer: Committer
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined
  #stored: StoredStates<State>
  #status: "open" | "unavailable" | "reloading" | "stopped" | "closed" = "open"
  #stoppedBy: unknown
  #reloaded: Promise<void> = Promise.resolve()

  private constructor(
    subject: string,
    decider: Decider<State, Command, Denied>,
    loaded: Loaded<State>,
    options: HostOptions,
  ) {
    this.subject = subject
    this.#options = options
    this.#decider = decider
    this.#state = loaded.state
    this.time = new SubjectTime(options.clock, loaded.lastAt)
    this.#stored = this.#storeFrom(loaded)
    this.#committer = this.#commitFrom(loaded)
  }

  /** Loads a subject. Fails: `UnreadableHistory`, `LostTail`, `LogUnavailable`. */
  static async open<State, Command, Denied extends Denial>(
    subject: string,
    decider: Decider<State, Command, Denied>,
    options: HostOptions,
  ): Promise<HostedSubject<State, Command, Denied>> {
    const loaded = await load(options.log, subject, decider, options.load)
    return new HostedSubject(subject, decider, loaded, options)
  }

  /** Loads a subject; one whose history cannot be folded stands still, without a state, until it is opened again. Fails: `LogUnavailable`. Source: L11. */
  static async openOrStopped<State, Command, Denied extends Denial>(
    subject: string,
    decider: Decider<State, Command, Denied>,
    options: HostOptions,
  ): Promise<HostedSubject<State, Command, Denied>> {
    try {
      return await HostedSubject.open(subject, decider, options)
    } catch (error) {
      if (!isOfHistory(error)) throw error
      const position = { version: 0, sequence: 0 }
      const nothing = { position, epoch: 0, lastAt: 0, checkpoint: undefined, folded: 0 }
      const hosted = new HostedSubject(subject, decider, { state: decider.create(), ...nothing }, options)
      hosted.#status = "stopped"
      hosted.#stoppedBy = error
      return hosted
    }
  }

  /** The state that all facts make, stored or not; whoever reads it changes nothing. */
  get state(): State {
    return this.#state
  }

  /** How many commits the log holds of this subject. */
  get version(): number {
    return this.#committer.position.version
  }

  /** True if new work may begin: the log answers and memory is not too far ahead of it. Source: L6, L9. */
  get isAccepting(): boolean {
    return this.#status === "open" && !this.#committer.isBacklogged
  }

  /** Resolves when new work may be tried again that only the size of what is being stored stands in the way of; `undefined` where nothing does, or something else. Source: L6. */
  get room(): Promise<void> | undefined {
    return this.#status === "open" && this.#committer.isBacklogged ? this.#committer.answered : undefined
  }

  /** True if there is a state to decide on: the subject was not stopped, and is not being folded anew. */
  get isLive(): boolean {
    return this.#status === "open" || this.#status === "unavailable"
  }

  /** Why it stands still until it is opened again; `undefined` where it does not. */
  get stoppedBy(): unknown {
    return this.#status === "stopped" ? this.#stoppedBy : undefined
  }

  /** True if it stands still since it was loaded, so that it has sent nothing. */
  get isUntouched(): boolean {
    return this.#status === "stopped" && isOfHistory(this.#stoppedBy) && this.version === 0
  }

  /** Resolves when all that was decided so far is stored. */
  get settled(): Promise<void> {
    return this.#committer.settled
  }

  /** True if all that was decided is stored: the state is then exactly what the log makes. */
  get isSettled(): boolean {
    return this.#committer.isSettled
  }

  /**
   * Decides a command, evolves the state and hands the facts to the log.
   *
   * Fails: throws `FactsRefused` where what is decided cannot be stored, which changes nothing; and a defect, which stops the subject and leaves the others alone.
   * Source: L2, L4, L6.
   */
  execute(command: Command): Executed<Denied> {
    if (!this.isLive) throw new CommitRefused({ subject: this.subject, reason: "closed" })
    try {
      return this.#execute(command)
    } catch (error) {
      if (!(error instanceof FactsRefused)) this.#stop(error)
      throw error
    }
  }

  #execute(command: Command): Executed<Denied> {
    const now = this.#now()
    this.#follow(now)
    const { translation } = this.#decider
    const isAsIs = translation === undefined || !this.time.differs
    const asked = isAsIs ? command : translation.command(command, this.time)
    const decided = this.#decider.decide(this.#state, asked, now)
    if (decided.kind === "later") return { kind: "later", at: this.time.toProcess(decided.at) }
    if (decided.kind !== "facts") return isAsIs ? decided : translation.denial(decided, this.time)
    if (decided.facts.length === 0) return { ...decided, committed: this.#committer.settled }
    const committed = this.#take(this.#storable(decided.facts), now)
    this.#follow(now)
    return { ...decided, committed }
  }

  /** Lets a command take place however often that takes: a refused commit or a linger only means again. Source: L6. */
  async submit(command: Command): Promise<void> {
    for (;;) {
      if (this.#status === "reloading") await this.#reloaded
      const executed = this.execute(command)
      if (executed.kind === "later") {
        await new Promise<void>((resolve) => this.#options.clock.at(executed.at, resolve))
        continue
      }
      if (executed.kind !== "facts") return
      if (await this.#isStored(executed.committed)) return
    }
  }

  /**
   * Makes sure that the log refuses whatever another host has sent to this subject and is still on its way.
   *
   * Returns false where something of it came first: what was decided is void then, and the state is folded anew.
   * Fails: rejects with `CommitRefused` where the subject is stopped.
   * Source: L5, L12, M1.
   */
  async fence(): Promise<boolean> {
    const isFenced = await this.#isStored(this.#committer.fence(this.#now()))
    await this.#reloaded
    return isFenced
  }

  /** True if a commit is stored, or void so that what it held is to be decided again. */
  async #isStored(committed: Promise<void>): Promise<boolean> {
    try {
      await committed
      return true
    } catch (error) {
      if (!(error instanceof CommitRefused) || !isFoldedAnew(error)) throw error
      return false
    }
  }

  /** Stores the whole state in the log, if anything has happened since the last time that is so long ago. Source: L5. */
  checkpoint(olderThanMs: number): void {
    if (this.#status === "open" && this.#stored.isCheckpointOlder(olderThanMs, this.#now()))
      this.#checkpoint()
  }

  #checkpoint(): void {
    this.#stored.checkpoint(this.#state, { at: this.#now(), committer: this.#committer })
  }

  /** Stores what was decided, and a snapshot; takes no more commands. */
  async close(): Promise<void> {
    await this.#committer.settled
    this.#timer?.cancel()
    if (this.#status === "open") await this.#stored.save(this.#state, this.#committer.position)
    this.#status = "closed"
  }

  #now(): number {
    const now = this.time.now()
    this.#decider.translation?.ahead(this.#state, this.time.aheadMs)
    return now
  }

  #storable(facts: ReadonlyArray<Fact>): StorableFacts {
    return storable(facts, { subject: this.subject, bodyBytesMax: this.#options.log.bodyBytesMax() })
  }

  #take(taken: StorableFacts, now: number): Promise<void> {
    const { facts } = taken
    for (const fact of facts) this.#decider.evolve(this.#state, fact)
    this.#stored.took(facts.length, now)
    const committed = this.#committer.add(taken)
    if (this.#stored.isCheckpointDue && this.#status === "open") this.#checkpoint()
    this.#options.events.onFacts?.(facts, committed)
    return committed
  }

  /** Lets happen what follows by itself, and arms the timer for what will. Source: L3, L6. */
  #follow(now: number): void {
    for (let count = 0; count < reactionsMax;) {
      const facts = this.#decider.reactions(this.#state, now)
      if (facts.length === 0) return this.#arm(this.#decider.dueAt(this.#state))
      count += facts.length
      void this.#take(this.#ownStorable(facts), now)
    }
    this.#arm(now)
  }

  /** Nobody asked for what follows by itself, so nobody can be refused it. */
  #ownStorable(facts: ReadonlyArray<Fact>): StorableFacts {
    try {
      return this.#storable(facts)
    } catch (cause) {
      throw new Error("what follows by itself cannot be stored", { cause })
    }
  }

  #arm(dueAt: number | null): void {
    if (dueAt === null || (this.#timer !== undefined && this.#timer.at <= dueAt)) return
    this.#timer?.cancel()
    const cancel = this.#options.clock.at(this.time.toProcess(dueAt), () => {
      this.#timer = undefined
      if (!this.isLive) return
      try {
        this.#follow(this.#now())
      } catch (defect) {
        this.#stop(defect)
      }
    })
    this.#timer = { at: dueAt, cancel }
  }

  #commitFrom({ position, epoch }: Loaded<State>): Committer {
    const { log, clock, node, events } = this.#options
    return new Committer({
      log,
      subject: this.subject,
      clock,
      identity: { node, epoch: epoch + 1 },
      position,
      aheadMs: () => this.time.aheadMs,
      events: {
        onCut: ({ version }) => this.#stored.cut(this.#state, version),
        onUnavailable: (isUnavailable, reason) => {
          this.#status = isUnavailable ? "unavailable" : "open"
          events.onWaiting?.(this.subject, { isWaiting: isUnavailable, reason })
        },
        onDefect: (defect) => this.#stop(defect),
        onRefused: (error) => this.#refused(error),
      },
    })
  }

  #storeFrom(loaded: Loaded<State>): StoredStates<State> {
    const { log, events } = this.#options
    return new StoredStates(
      { log, subject: this.subject, decider: this.#decider, onTrouble: events.onTrouble?.bind(events) },
      loaded,
    )
  }

  /** A broken invariant: nothing of this subject is certain any more, so nothing more is decided. Source: L2. */
  #stop(defect: unknown): void {
    if (this.#status === "closed" || this.#status === "stopped") return
    this.#waitNoMore()
    this.#options.events.onTrouble?.("a defect has stopped this subject", {
      subject: this.subject,
      err: defect,
    })
    this.#status = "stopped"
    this.#stoppedBy = defect
    this.#timer?.cancel()
    this.#timer = undefined
    this.#committer.close("closed")
    this.#options.events.onReloaded?.()
  }

  #waitNoMore(): void {
    if (this.#status !== "unavailable") return
    this.#options.events.onWaiting?.(this.subject, { isWaiting: false, reason: "" })
  }

  #refused(error: CommitRefused): void {
    this.#waitNoMore()
    this.#timer?.cancel()
    this.#timer = undefined
    this.#options.events.onTrouble?.("the log refused a commit", {
      subject: this.subject,
      reason: error.reason,
    })
    if (isFoldedAnew(error)) {
      this.#status = "reloading"
      this.#reloaded = this.#reload()
    } else if (this.#status !== "closed" && this.#status !== "stopped") {
      this.#status = "stopped"
      this.#stoppedBy = error
      this.#options.events.onReloaded?.()
    }
  }

  async #reload(): Promise<void> {
    try {
      const { log, clock, load: known } = this.#options
      this.#goOnFrom(await whenAnswered(clock, () => load(log, this.subject, this.#decider, known)))
    } catch (defect) {
      this.#stop(defect)
    }
  }

  #goOnFrom(loaded: Loaded<State>): void {
    this.#state = loaded.state
    this.time.goOnFrom(loaded.lastAt)
    this.#stored = this.#storeFrom(loaded)
    this.#committer = this.#commitFrom(loaded)
    this.#status = "open"
    this.#options.events.onReloaded?.()
    this.#follow(this.#now())
  }

  /** Folds what the log holds once more and keeps nothing of it. Fails: as `reopen`. */
  async inspect(): Promise<void> {
    await load(this.#options.log, this.subject, this.#decider, this.#options.load)
  }

  /**
   * Opens a subject that stands still again, from what the log holds.
   *
   * Fails: rejects with `UnreadableHistory`, `LostTail`, `WrongSequence` and `LogUnavailable`; it stands still then as before.
   */
  async reopen(): Promise<void> {
    if (this.#status !== "stopped") return
    const loaded = await load(this.#options.log, this.subject, this.#decider, this.#options.load)
    if (this.stoppedBy !== undefined) this.#goOnFrom(loaded)
  }
}

/** After these the subject goes on from what the log holds: what was decided and not stored is decided again. */
const isFoldedAnew = ({ reason }: CommitRefused): boolean =>
  reason === "another_owner" || reason === "too_large"

/** True if it is what the log holds that a subject cannot be opened from. Source: L8, L11. */
const isOfHistory = (error: unknown): boolean =>
  error instanceof UnreadableHistory || error instanceof WrongSequence || error instanceof LostTail
