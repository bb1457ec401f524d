import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import type { CheckpointPosition, EventLog } from "../event-log/event-log.ts"
import type { Committer, Position } from "./committer.ts"
import type { Decider, Denial } from "./decider.ts"
import type { Loaded } from "./loading.ts"
import { FactsRefused, storable, type StorableFacts } from "./storable-facts.ts"

/** How many facts a fold may have to read beyond the newest snapshot. */
const snapshotEveryFacts = 10_000

/** How many facts a subject has between two checkpoints. Source: L5. */
const checkpointEveryFacts = 50_000

/** A state that is larger than so much for each fact is stored less often: a fact takes about ten times as much, so a tenth of the log is checkpoints at the most. */
const checkpointBytesPerFact = 40

/** One commit of a checkpoint holds no more: with the names around the facts it stays below the bound of a commit. Source: L6. */
const commitMaxBytes = 192 * 1024
const commitMaxFacts = 500

/** What the states of a subject are stored with. */
export interface StoredStatesOptions<State> {
  readonly log: EventLog
  readonly subject: string
  readonly decider: Pick<Decider<State, never, Denial>, "snapshot" | "checkpoint" | "machineHash">
  readonly onTrouble: ((message: string, detail: Record<string, unknown>) => void) | undefined
}

/**
 * The states of one subject that are stored beside what happened: snapshots, from which its host comes back, and checkpoints in the log itself, before which commits may be purged.
 *
 * Source: L5, L11.
 */
export class StoredStates<State> {
  readonly #options: StoredStatesOptions<State>
  #factsSinceSnapshot = 0
  #factsSinceCheckpoint = 0
  #checkpoint: CheckpointPosition | undefined
  /** How large the last checkpoint was. */
  #checkpointBytes = 0
  /** Since when facts have come that no checkpoint holds; long ago where it is not known. */
  #since: number | undefined

  constructor(
    options: StoredStatesOptions<State>,
    loaded: Pick<Loaded<State>, "checkpoint" | "folded" | "position">,
  ) {
    this.#options = options
    this.#factsSinceCheckpoint = loaded.checkpoint?.factsSince ?? loaded.folded
    this.#checkpoint = loaded.checkpoint
    if (loaded.position.version > 0) this.#since = loaded.checkpoint?.at ?? 0
  }

  /** Counts new facts. */
  took(facts: number, at: number): void {
    this.#since ??= at
    this.#factsSinceSnapshot += facts
    this.#factsSinceCheckpoint += facts
  }

  /** True if so much has happened that a checkpoint is due. Source: L5. */
  get isCheckpointDue(): boolean {
    const isEnough = this.#factsSinceCheckpoint >= checkpointEveryFacts
    return isEnough && this.#factsSinceCheckpoint >= this.#checkpointBytes / checkpointBytesPerFact
  }

  /** True if something has happened, and the last checkpoint, or the first fact, is older than a span. Source: L5. */
  isCheckpointOlder(thanMs: number, now: number): boolean {
    return this.#factsSinceCheckpoint > 0 && now - (this.#since ?? now) >= thanMs
  }

  /** Stores the state in the log, in commits of its own that nothing comes between. Source: L5, L6. */
  checkpoint(state: State, { at, committer }: { readonly at: number; readonly committer: Committer }): void {
    const { subject, decider } = this.#options
    this.#factsSinceCheckpoint = 0
    this.#since = at
    // The next fold begins there: it is told of as soon as it is stored.
    this.#factsSinceSnapshot = snapshotEveryFacts
    let first: Position | undefined
    const commits = this.#storable(commitsOf(decider.checkpoint(state, { subject, at })))
    this.#checkpointBytes = commits.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const [nth, facts] of commits.entries())
      committer.addApart(facts, (position) => {
        first ??= position
        if (nth === commits.length - 1) this.#checkpoint = { ...first, at, factsSince: 0 }
      })
  }

  /** A checkpoint that cannot be stored whole is not stored at all, which costs a longer fold, never the history. */
  #storable(commits: ReadonlyArray<ReadonlyArray<CheckpointFact>>): ReadonlyArray<StorableFacts> {
    const { log, subject, onTrouble } = this.#options
    try {
      return commits.map((facts) => storable(facts, { subject, bodyBytesMax: log.bodyBytesMax() }))
    } catch (error) {
      if (!(error instanceof FactsRefused)) throw error
      onTrouble?.("a checkpoint was not stored", { subject, reason: error.reason })
      return []
    }
  }

  /** Returns what stores a snapshot of the state once its commit is stored, where one is due. */
  cut(state: State, version: number): ((sequence: number) => void) | undefined {
    if (this.#factsSinceSnapshot < snapshotEveryFacts) return undefined
    this.#factsSinceSnapshot = 0
    const stored = this.#options.decider.snapshot(state)
    const factsSince = this.#factsSinceCheckpoint
    if (stored === null) return undefined
    return (sequence) => void this.#store({ version, sequence }, { stored, factsSince })
  }

  /** Stores a snapshot if anything has happened since the last one. */
  async save(state: State, position: Position): Promise<void> {
    if (this.#factsSinceSnapshot === 0) return
    const stored = this.#options.decider.snapshot(state)
    if (stored !== null) await this.#store(position, { stored, factsSince: this.#factsSinceCheckpoint })
  }

  async #store(
    position: Position,
    { stored: state, factsSince }: { readonly stored: unknown; readonly factsSince: number },
  ): Promise<void> {
    const { log, subject, decider, onTrouble } = this.#options
    const checkpoint = this.#checkpoint && { checkpoint: { ...this.#checkpoint, factsSince } }
    try {
      await log.saveSnapshot(subject, { ...position, machineHash: decider.machineHash, state, ...checkpoint })
    } catch (error) {
      // A snapshot that is not stored costs a longer fold, never the history.
      onTrouble?.("a snapshot was not stored", { subject, err: error })
    }
  }
}

const commitsOf = (facts: ReadonlyArray<CheckpointFact>): ReadonlyArray<ReadonlyArray<CheckpointFact>> => {
  const commits: Array<Array<CheckpointFact>> = []
  let ofLast = 0
  for (const fact of facts) {
    const more = Buffer.byteLength(JSON.stringify(fact))
    const last = commits.at(-1)
    if (last === undefined || last.length === commitMaxFacts || ofLast + more > commitMaxBytes) {
      commits.push([fact])
      ofLast = 0
    } else last.push(fact)
    ofLast += more
  }
  return commits
}
