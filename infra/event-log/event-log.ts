import { Schema } from "effect"

/** A message of the log as it is stored: one commit of one subject, not yet decoded. */
export interface StoredMessage {
  readonly subject: string
  /** The position in the whole stream. */
  readonly sequence: number
  /** The commit id, which was the message's `Nats-Msg-Id`. */
  readonly id: string
  readonly body: string
}

/** What a message takes on the disk beside its body, about: its subject, its headers and the server's own record of it. */
export const envelopeBytes = 200

/** Another commit stands where this one was to go: `actual` is the subject's last sequence. Source: L8. */
export class WrongSequence extends Schema.TaggedError<WrongSequence>()("WrongSequence", {
  subject: Schema.String,
  expected: Schema.Int,
  actual: Schema.Int,
}) {
  override get message(): string {
    return `${this.subject} ends at ${this.actual}, not at ${this.expected}`
  }
}

/** The log did not answer in time, or said that it cannot store. Whether the commit is stored is not known. Source: L9. */
export class LogUnavailable extends Schema.TaggedError<LogUnavailable>()("LogUnavailable", {
  reason: Schema.String,
}) {
  override get message(): string {
    return this.reason
  }
}

/** A commit is larger than the log takes, however often it is asked. Source: L6. */
export class CommitTooLarge extends Schema.TaggedError<CommitTooLarge>()("CommitTooLarge", {
  subject: Schema.String,
  bytes: Schema.Int,
  bytesMax: Schema.Int,
}) {
  override get message(): string {
    return `a commit of ${this.subject} takes ${this.bytes} bytes, and the log takes ${this.bytesMax}`
  }
}

/** Another message, or none, stands where one was read: the log has lost its tail, or is another one. Source: L8. */
export class LogForked extends Schema.TaggedError<LogForked>()("LogForked", { sequence: Schema.Int }) {
  override get message(): string {
    return `the log does not hold any more what was read of it up to ${this.sequence}`
  }
}

/** Where a subject's newest checkpoint stands: the version and the sequence of its first commit, and how many facts came after it. Source: L5. */
export const CheckpointPosition = Schema.Struct({
  version: Schema.Int,
  sequence: Schema.Int,
  at: Schema.Int,
  factsSince: Schema.Int,
})
export type CheckpointPosition = typeof CheckpointPosition.Type

/**
 * What the newest snapshot of a subject holds.
 *
 * Shape: `version` and `sequence` are those of the last commit that is folded in; `machineHash` names the code that can read `state`, which is JSON (another hash means: fold instead).
 * Other code finds the checkpoint by it, from which it can fold. `heldVersion` is there where an operator has accepted that the log has lost what came after the commit at `sequence`, whose version it is.
 * Source: L11.
 */
export const Snapshot = Schema.Struct({
  version: Schema.Int,
  sequence: Schema.Int,
  machineHash: Schema.String,
  state: Schema.Unknown,
  checkpoint: Schema.optionalKey(CheckpointPosition),
  heldVersion: Schema.optionalKey(Schema.Int),
})
export type Snapshot = typeof Snapshot.Type

/**
 * The log that everything else is made from.
 *
 * Every implementation passes the same contract tests. Promises reject with `WrongSequence`, `CommitTooLarge` and `LogUnavailable` only; anything else is a defect.
 * Source: L5–L8, L11.
 */
export interface EventLog {
  /** Returns what tells this log from every other one, and not from a copy of itself. */
  identity(): Promise<string>
  /**
   * Stores one commit behind the fence: only if `expectedSequence` is the subject's last (0 = the subject is empty).
   * A second append of an id that is already stored at the subject's tail answers with its sequence.
   * Returns its sequence in the stream.
   */
  append(message: { subject: string; id: string; body: string; expectedSequence: number }): Promise<number>
  /** Returns how many bytes the largest body may take, as the log says it at the moment. */
  bodyBytesMax(): number
  /** Returns a subject's last message, read from the stream's leader. */
  last(subject: string): Promise<StoredMessage | undefined>
  /** Returns the message at a sequence, read from the stream's leader; nothing where it was purged, or is not there yet. */
  at(sequence: number): Promise<StoredMessage | undefined>
  /** Lists the subjects that hold messages. */
  subjects(): Promise<ReadonlyArray<string>>
  /** Returns the last sequence of the whole stream (0 = empty). */
  head(): Promise<number>
  /** Reads what is stored when it begins, in order, and ends. */
  read(range: {
    subject?: string
    afterSequence: number
    untilSequence?: number
  }): AsyncIterable<StoredMessage>
  /**
   * Reads on, in order and without gaps, until the iterator is returned or the signal aborts.
   *
   * With `gatherMs` what comes later than the first after a silence may come as late as that, together: far less work for the server and for who reads.
   * Fails: with `afterId`, the id of the message at `afterSequence` (`null`: not known), throws `LogForked` instead of a message that does not follow what was given before.
   */
  follow(range: {
    subject?: string
    afterSequence: number
    afterId?: string | null
    gatherMs?: number
    signal: AbortSignal
  }): AsyncIterable<StoredMessage>
  /** Removes what a subject holds before a sequence, but never its last message, and gives how many messages those were. Source: L5. */
  purge(range: { subject: string; beforeSequence: number }): Promise<number>
  /** Returns how many bytes all that is stored takes. */
  bytes(): Promise<number>
  /** Returns the newest snapshot of a subject. */
  snapshot(subject: string): Promise<Snapshot | undefined>
  /** Stores a snapshot unless a newer version is there already. */
  saveSnapshot(subject: string, snapshot: Snapshot): Promise<void>
  /** True if the log can be reached; one that cannot is looked for until it is closed. */
  isConnected(): boolean
  /** Ends it: appends in flight, readers and followers reject with `LogUnavailable`. */
  close(): Promise<void>
}
