import { Schema } from "effect"

/** The last message of a subject that was read: its sequence and its id. */
const Tail = Schema.Struct({ sequence: Schema.Int, id: Schema.String })

/** The last messages of some subjects, by subject. */
export const Tails = Schema.Record(Schema.String, Tail)
export type Tails = typeof Tails.Type

/** What the log has lost: the last message that was seen of a subject, and where the log ended when that was noticed. */
const LostTails = Schema.Record(Schema.String, Schema.Struct({ ...Tail.fields, head: Schema.Int }))
export type LostTails = typeof LostTails.Type

/** What one block holds, fixed before it is written. Source: P2. */
export const Claim = Schema.Struct({
  /** Its number, counted over all that was ever claimed. */
  block: Schema.Int,
  /** The sequences of its first and last message. */
  first: Schema.Int,
  last: Schema.Int,
  /** The commit id of its last message, by which a log that lost its tail is noticed. */
  lastId: Schema.String,
  /** The last message of each subject that it has messages of. */
  tails: Schema.optionalKey(Tails),
  /** How many rows it has in each table. */
  rows: Schema.Record(Schema.String, Schema.Int),
})
export type Claim = typeof Claim.Type

/** How far the tables are, as every writer agrees. Source: P2. */
export const Progress = Schema.Struct({
  /** The id of the database that was written; in another one nothing is there. */
  database: Schema.String,
  /** Counts the returns to an earlier block, so that rows of the same bounds are taken again. */
  repairs: Schema.Int,
  /** The number of the next block. */
  nextBlock: Schema.Int,
  /** Blocks with smaller numbers were written before the last return and are not checked any more. */
  checkFrom: Schema.Int,
  /** The sequence up to which everything was written before the last claim. */
  finished: Schema.Int,
  /** The last claimed block, written or not. */
  claim: Schema.NullOr(Claim),
  /** The log that the blocks are made from. */
  log: Schema.optionalKey(Schema.String),
  /** What was seen last of subjects of which the log has lost it, and to which nothing has been added since. Source: L8. */
  lost: Schema.optionalKey(LostTails),
})
export type Progress = typeof Progress.Type

/** A stored progress; `revision` is 0 where nothing is stored. */
export interface StoredProgress {
  readonly progress: Progress | undefined
  readonly revision: number
}

/** Another writer stored its progress first. Source: P2. */
export class ClaimLost extends Schema.TaggedError<ClaimLost>()("ClaimLost", { revision: Schema.Int }) {
  override get message(): string {
    return `another projector claimed a block after revision ${this.revision}`
  }
}

/** How many finished blocks are remembered. Source: P2. */
export const rememberedBlocks = 1_000

/** Keeps the claims of the projector, where every writer sees them. Source: P2. */
export interface Claims {
  read(): Promise<StoredProgress>
  /**
   * Stores a progress by compare-and-set and returns its revision.
   *
   * Fails: rejects with `ClaimLost` where another revision is stored.
   */
  write(progress: Progress, revision: number): Promise<number>
  /** Keeps what a block holds, in the place of the one `rememberedBlocks` before it. */
  remember(claim: Claim): Promise<void>
  /** Returns what is remembered, in no order. */
  remembered(): Promise<ReadonlyArray<Claim>>
  close(): Promise<void>
}
