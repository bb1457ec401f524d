import { decodeCommit, schemaNumber } from "@sluice/events/commit.ts"
import { Schema } from "effect"
import type { EventLog, Snapshot, StoredMessage } from "../event-log/event-log.ts"
import { isPurged, type ReadMessage, stillHolds } from "../event-log/still-holds.ts"
import { createUlids } from "../identity/ulid.ts"

/** The log has lost the end of a subject: it does not hold what was seen of it. `seen` and `actual` are sequences. Source: L8. */
export class LostTail extends Schema.TaggedError<LostTail>()("LostTail", {
  subject: Schema.String,
  by: Schema.Literals(["snapshot", "tables"]),
  seen: Schema.Int,
  actual: Schema.Int,
}) {
  override get message(): string {
    const who = this.by === "snapshot" ? "its snapshot was made" : "the tables were made"
    return `the log has lost the end of ${this.subject}: ${who} of what it held up to ${this.seen}, and it ends at ${this.actual}`
  }
}

/** What others have seen of a subject. */
export interface SeenOfSubject {
  readonly snapshot: Snapshot | undefined
  readonly tail: StoredMessage | undefined
  /** The last message of it that the tables hold. */
  readonly projected: ReadMessage | undefined
}

/**
 * Holds the end of a subject against what others have seen of it; gives what is lost, or nothing.
 *
 * Fails: rejects with `LogUnavailable`.
 * Source: L8.
 */
export const lostTailOf = async (
  log: Pick<EventLog, "at" | "head" | "read">,
  subject: string,
  { snapshot, tail, projected }: SeenOfSubject,
): Promise<LostTail | undefined> => {
  const actual = tail?.sequence ?? 0
  if (snapshot !== undefined && !(await holdsSnapshot(log, { subject, snapshot, tail })))
    return new LostTail({ subject, by: "snapshot", seen: snapshot.sequence, actual })
  if (projected === undefined || projected.id === tail?.id) return undefined
  // What is added behind a loss that was noticed accepts it.
  if (projected.missedAt !== undefined && actual > projected.missedAt) return undefined
  if (await stillHolds(log, { ...projected, subject })) return undefined
  return new LostTail({ subject, by: "tables", seen: projected.sequence, actual })
}

const holdsSnapshot = async (
  log: Pick<EventLog, "at" | "read">,
  of: {
    readonly subject: string
    readonly snapshot: Snapshot
    readonly tail: StoredMessage | undefined
  },
): Promise<boolean> => {
  const { subject, snapshot, tail } = of
  const { sequence, version: newest, heldVersion: version = newest } = snapshot
  if (tail === undefined || tail.sequence < sequence) return false
  const found = tail.sequence === sequence ? tail : await log.at(sequence)
  if (found === undefined) return isPurged(log, { subject, sequence })
  return found.subject === subject && (versionOf(found) ?? version) === version
}

/**
 * Accepts that the log has lost the end of a subject: it goes on from what is left, behind a commit without facts that refuses whatever was sent before, and its snapshot stands for nothing any more.
 *
 * Fails: rejects with `WrongSequence` where somebody adds to it meanwhile, and with `LogUnavailable`; throws where the last commit that is left cannot be read.
 * Source: L8.
 */
export const acceptLostTail = async (
  log: EventLog,
  subject: string,
  { node, now }: { readonly node: string; readonly now: number },
): Promise<void> => {
  const tail = await log.last(subject)
  const before = tail === undefined ? { version: 0, epoch: 0, at: 0 } : decodeCommit(tail.body)
  const heldVersion = before.version + 1
  const at = Math.max(now, before.at)
  const id = createUlids()(now)
  const commit = { commit: id, version: heldVersion, at, node, epoch: before.epoch + 1, schema: schemaNumber }
  const body = JSON.stringify({ ...commit, facts: [] })
  const sequence = await log.append({ subject, id, body, expectedSequence: tail?.sequence ?? 0 })
  const snapshot = await log.snapshot(subject)
  if (snapshot === undefined) return
  // A snapshot of a lower version is not taken.
  const version = Math.max(snapshot.version, heldVersion)
  await log.saveSnapshot(subject, { version, sequence, heldVersion, machineHash: "", state: null })
}

/** What cannot be read is told by the fold. */
const versionOf = ({ body }: StoredMessage): number | undefined => {
  try {
    return decodeCommit(body).version
  } catch {
    return undefined
  }
}
