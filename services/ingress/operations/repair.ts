import type { RepairFact } from "@sluice/events/commit.ts"
import { configurationSubject, subjectPrefix } from "@sluice/events/identifier.ts"
import type { Decider, Denial } from "@sluice/infra/actor-host/decider.ts"
import { UnreadableHistory } from "@sluice/infra/actor-host/loading.ts"
import { acceptLostTail, LostTail } from "@sluice/infra/actor-host/lost-tail.ts"
import {
  findRepair,
  NotRepairable,
  type RepairOptions,
  storeRepair,
} from "@sluice/infra/actor-host/repair-subject.ts"
import { type EventLog, LogUnavailable, WrongSequence } from "@sluice/infra/event-log/event-log.ts"
import type { Operation, OperationAnswer } from "@sluice/infra/operations/operation.ts"
import type { RepairAnswer, StoppedAnswer } from "@sluice/infra/operations/repair-answer.ts"
import type { ActorNode, StoppedSubject } from "../hosting/actor-node.ts"
import { channelDecider } from "../hosting/channel-decider.ts"
import { configurationDecider } from "../hosting/configuration-decider.ts"
import { ingressDecider } from "../hosting/ingress-decider.ts"

/** What repairs are made with. */
export interface Repairing {
  readonly node: ActorNode
  /** Shows what earlier repairs stand for. */
  readonly log: EventLog
  readonly nodeId: string
  readonly now: () => number
  /** Opens a subject that stands still, and makes it what is configured. Fails: as `HostedSubject.reopen`. */
  readonly reopen: (subject: string) => Promise<void>
}

/** Tells which subjects stand still, and why. */
export const stoppedAnswer = ({ node }: Repairing): OperationAnswer => ({
  ok: true,
  message: "",
  value: node.stopped.map(({ actor, reason, commit, sequence }): StoppedAnswer => ({
    actor,
    reason,
    commit,
    sequence,
  })),
})

/** Opens a subject that stands still, where the log lets it. */
export const reopenAnswer = async (
  { reopen }: Repairing,
  { actor, subject }: StoppedSubject,
): Promise<OperationAnswer> => {
  try {
    await reopen(subject)
    return { ok: true, message: `${actor} is open again` }
  } catch (error) {
    if (!isExpected(error)) throw error
    return { ok: false, message: `${actor} stays closed: ${error.message}; try sluice repair ${actor}` }
  }
}

/**
 * Sets aside what cannot be folded of a subject that stands still, one commit after the other, accepts an end that the log has lost, and opens it.
 *
 * Source: L8, L11.
 */
export const repairAnswer = async (
  repairing: Repairing,
  { actor, by, isTrial }: Extract<Operation, { type: "repair" }>,
): Promise<OperationAnswer> => {
  const { node, log, nodeId, now } = repairing
  const stopped = node.stopped.find((one) => one.actor === actor)
  const hosted = node.subjects.find(({ subject }) => subject === stopped?.subject)
  if (stopped === undefined || hosted === undefined)
    return { ok: false, message: `${actor} is not closed: there is nothing to repair` }
  const { subject } = stopped
  const inspect = () => hosted.inspect()
  const options = { log, subject, decider: deciderOf(subject), inspect, node: nodeId, now: now(), by }
  const done: Array<RepairAnswer> = []
  try {
    let damage = await damageOf(options)
    if (isTrial) return { ok: true, message: "", value: damage === undefined ? [] : [answerOf(damage)] }
    for (; damage !== undefined; damage = await damageOf(options)) {
      if (damage instanceof LostTail) await acceptLostTail(log, subject, options)
      else await storeRepair(options, damage)
      done.push(answerOf(damage))
    }
    const opened = await reopenAnswer(repairing, stopped)
    return opened.ok ? { ok: true, message: `${actor} is open again`, value: done } : opened
  } catch (error) {
    if (!isExpected(error)) throw error
    return { ok: false, message: error.message }
  }
}

/** Returns what keeps a subject from being folded: a commit with what would stand in its place, or an end that is lost. */
const damageOf = async (options: RepairOptions<unknown>): Promise<RepairFact | LostTail | undefined> => {
  try {
    return await findRepair(options)
  } catch (error) {
    if (error instanceof LostTail) return error
    throw error
  }
}

const isExpected = (error: unknown): error is Error =>
  error instanceof UnreadableHistory ||
  error instanceof WrongSequence ||
  error instanceof NotRepairable ||
  error instanceof LostTail ||
  error instanceof LogUnavailable

const deciderOf = (subject: string): Decider<unknown, never, Denial> => {
  if (subject === configurationSubject) return configurationDecider as Decider<unknown, never, Denial>
  return (subject.startsWith(`${subjectPrefix}ingress.`) ? ingressDecider : channelDecider) as Decider<
    unknown,
    never,
    Denial
  >
}

const answerOf = (damage: RepairFact | LostTail): RepairAnswer => {
  if (damage instanceof LostTail) {
    const { subject, actual, message } = damage
    const left = [`all that stood behind sequence ${actual}`]
    return { subject, commit: null, sequence: actual, version: null, reason: message, kept: 0, left }
  }
  const { subject, commit, sequence, version, reason, facts, left } = damage
  return { subject, commit, sequence, version, reason, kept: facts.length, left }
}
