import { isCheckpoint } from "@sluice/events/checkpoint.ts"
import { type Commit, decodeCommit } from "@sluice/events/commit.ts"
import { type EventLog, envelopeBytes } from "./event-log.ts"

/** What may go. Source: L5. */
export interface Expendability {
  /** Whose commits. */
  readonly subjects: ReadonlySet<string>
  /** Up to where everything is in the tables. */
  readonly untilSequence: number
  /** What the machine's clock shows. A commit that is dated later is as old as the next one that is not. */
  readonly nowMs: number
  /** What was decided before this time, by the machine's clock, is old enough. */
  readonly beforeMs: number
  /** Where the log takes more than `bytesMax`, what is beyond goes too, the oldest first, if it was decided before this time. */
  readonly beforeMsIfLarge: number
  readonly bytesMax: number
}

/** What a checkpoint makes expendable: the commits of its subject before its own first one. */
export interface Expendable {
  readonly subject: string
  readonly beforeSequence: number
  readonly commits: number
}

interface PlacedCommit {
  readonly subject: string
  readonly commit: Commit
  readonly sequence: number
}

/** Follows the commits of one subject to its newest whole checkpoint. */
class Candidate {
  #commits = 0
  #found: Omit<Expendable, "subject"> | undefined
  #begun: Omit<Expendable, "subject"> | undefined
  #parts = 0

  get found(): Omit<Expendable, "subject"> | undefined {
    return this.#found
  }

  add({ facts }: Commit, sequence: number): void {
    for (const fact of facts) {
      if (!isCheckpoint(fact)) this.#begun = undefined
      else if (fact.part === 0) {
        this.#begun = { beforeSequence: sequence, commits: this.#commits }
        this.#parts = 1
      } else if (fact.part === this.#parts) this.#parts += 1
      else this.#begun = undefined
      if (isCheckpoint(fact) && this.#parts === fact.parts && this.#begun !== undefined)
        this.#found = this.#begun
    }
    this.#commits += 1
  }
}

/**
 * Finds what may be purged: for each subject the commits before its newest whole checkpoint among those that are old, or too many, and projected.
 *
 * It reads from the beginning of the log to the first commit that has to stay, so what it reads is about what then goes.
 * Source: L5.
 */
export const findExpendable = async (
  log: EventLog,
  may: Expendability,
): Promise<ReadonlyArray<Expendable>> => {
  const candidates = new Map<string, Candidate>()
  const undated: Array<PlacedCommit> = []
  let excess = (await log.bytes()) - may.bytesMax
  for await (const { subject, sequence, body } of log.read({
    afterSequence: 0,
    untilSequence: may.untilSequence,
  })) {
    const commit = readable(body)
    const { at, wallAt = at } = commit ?? { at: 0 }
    const isDatedLater = wallAt > may.nowMs
    if (!isDatedLater && wallAt >= (excess > 0 ? may.beforeMsIfLarge : may.beforeMs)) break
    excess -= Buffer.byteLength(body) + envelopeBytes
    if (commit === undefined) continue
    if (may.subjects.has(subject)) undated.push({ subject, commit, sequence })
    if (!isDatedLater) for (const old of undated.splice(0)) add(candidates, old)
  }
  return [...candidates].flatMap(([subject, { found }]) =>
    found === undefined || found.commits === 0 ? [] : [{ subject, ...found }],
  )
}

const add = (candidates: Map<string, Candidate>, { subject, commit, sequence }: PlacedCommit): void => {
  const candidate = candidates.get(subject) ?? new Candidate()
  candidates.set(subject, candidate)
  candidate.add(commit, sequence)
}

/** A commit that cannot be read keeps its own subject closed, which is then nobody's; it keeps nothing else. */
const readable = (body: string): Commit | undefined => {
  try {
    return decodeCommit(body)
  } catch {
    return undefined
  }
}
