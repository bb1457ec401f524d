import { type Commit, decodeCommit, type Fact, type RepairFact, schemaNumber } from "@sluice/events/commit.ts"
import { actorName, repairPrefix } from "@sluice/events/identifier.ts"
import { Schema } from "effect"
import type { EventLog, StoredMessage } from "../event-log/event-log.ts"
import { isReadable, type Place, type Salvaged, salvage, tokenOf } from "../event-log/repair/salvage.ts"
import { createUlids } from "../identity/ulid.ts"
import { errorText } from "../process/error-text.ts"
import type { Decider, Denial } from "./decider.ts"
import { foldBefore, UnreadableHistory } from "./loading.ts"
import { storable } from "./storable-facts.ts"

/** A subject's history cannot be mended by setting a commit aside. */
export class NotRepairable extends Schema.TaggedError<NotRepairable>()("NotRepairable", {
  subject: Schema.String,
  reason: Schema.String,
}) {
  override get message(): string {
    return `${this.subject} cannot be repaired: ${this.reason}`
  }
}

/** Whose repair it is, and what it is made with. */
export interface RepairOptions<State> {
  /** Shows what earlier repairs stand for. */
  readonly log: EventLog
  readonly subject: string
  readonly decider: Decider<State, never, Denial>
  /** Folds the subject as its host does. */
  readonly inspect: () => Promise<void>
  readonly node: string
  readonly now: number
  readonly by: string
}

/**
 * Finds the first commit of a subject that cannot be folded, and what stands in its place where it is set aside; `undefined` where all can be folded.
 *
 * Fails: rejects with `NotRepairable`, with `LostTail` and with `LogUnavailable`.
 * Source: L11.
 */
export const findRepair = async <State>(options: RepairOptions<State>): Promise<RepairFact | undefined> => {
  try {
    await options.inspect()
    return undefined
  } catch (error) {
    if (!(error instanceof UnreadableHistory)) throw error
    return repairOf(options, error)
  }
}

const repairOf = async <State>(
  options: RepairOptions<State>,
  { sequence, reason }: UnreadableHistory,
): Promise<RepairFact> => {
  const { log, subject, decider, by, now } = options
  const message = await log.at(sequence)
  if (message === undefined || message.subject !== subject)
    throw new NotRepairable({ subject, reason: `nothing of it stands at sequence ${sequence}: ${reason}` })
  const { before } = await foldBefore(log, { subject, sequence }, decider)
  const decodes = isReadable(message.body, decodeCommit)
  if (decodes && versionOf(message) !== before.version + 1) throw missing(subject, message, before)
  const found = await fitting(options, message, salvage(message.body, before))
  return {
    actor: actorName("repair", tokenOf(message.id)),
    type: "commit.repaired",
    at: Math.max(now, found.at),
    subject,
    commit: message.id,
    sequence,
    version: found.version,
    epoch: found.epoch,
    committedAt: found.at,
    ...(found.wallAt === undefined ? {} : { wallAt: found.wallAt }),
    writtenBy: found.node,
    isReadable: decodes,
    reason,
    by,
    facts: found.facts,
    left: found.left,
  }
}

const versionOf = ({ body }: StoredMessage): number => decodeCommit(body).version

const missing = (subject: string, message: StoredMessage, before: Place): NotRepairable =>
  new NotRepairable({
    subject,
    reason: `the commits between version ${before.version} and ${versionOf(message)} are missing: bring back a copy of the log that has them`,
  })

/** Leaves out what is out of place behind the facts before it; the fold is made anew after each, since it may have gone half-way. */
const fitting = async <State>(
  { log, subject, decider }: RepairOptions<State>,
  { sequence }: StoredMessage,
  salvaged: Salvaged,
): Promise<Salvaged> => {
  let { facts } = salvaged
  const left = [...salvaged.left]
  for (;;) {
    const { fold } = await foldBefore(log, { subject, sequence }, decider)
    const wrong = firstOutOfPlace(decider, fold.state, facts)
    if (wrong === undefined) return { ...salvaged, facts, left }
    left.push(`${facts[wrong.place]?.type} of ${facts[wrong.place]?.actor}: ${wrong.reason}`)
    facts = facts.filter((_, place) => place !== wrong.place)
  }
}

const firstOutOfPlace = <State>(
  decider: Pick<Decider<State, never, Denial>, "evolve">,
  state: State,
  facts: ReadonlyArray<Fact>,
): { readonly place: number; readonly reason: string } | undefined => {
  for (const [place, fact] of facts.entries())
    try {
      decider.evolve(state, fact)
    } catch (error) {
      return { place, reason: errorText(error) }
    }
  return undefined
}

/**
 * Stores a repair on a subject of its own, behind the fence, so that one commit has one at a time.
 *
 * The snapshot of the repaired subject holds what the commit made of the state, so it stands for nothing any more.
 * Fails: rejects with `WrongSequence` where somebody else repaired it meanwhile, and with `LogUnavailable`.
 * Source: L5, L11.
 */
export const storeRepair = async <State>(
  { log, subject, node }: RepairOptions<State>,
  repair: RepairFact,
): Promise<void> => {
  const own = `${repairPrefix}${tokenOf(repair.commit)}`
  const before = await log.last(own)
  const version = before === undefined ? 1 : decodeCommit(before.body).version + 1
  const id = createUlids()(repair.at)
  const { facts } = storable([repair], { subject: own, bodyBytesMax: log.bodyBytesMax() })
  const commit: Commit = { commit: id, version, at: repair.at, node, epoch: 1, schema: schemaNumber, facts }
  const body = JSON.stringify(commit)
  await log.append({ subject: own, id, body, expectedSequence: before?.sequence ?? 0 })
  const snapshot = await log.snapshot(subject)
  if (snapshot !== undefined && snapshot.sequence >= repair.sequence)
    await log.saveSnapshot(subject, { ...snapshot, machineHash: "set aside", state: null })
}
