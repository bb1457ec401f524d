import type { RepairFact } from "@sluice/events/commit.ts"
import { configurationSubject, subjectPrefix } from "@sluice/events/identifier.ts"
import type { Decider, Refusal } from "@sluice/infra/actor-host/decider.ts"
import { UnreadableHistory } from "@sluice/infra/actor-host/loading.ts"
import { findRepair, NotRepairable, storeRepair } from "@sluice/infra/actor-host/repair-subject.ts"
import { type EventLog, LogUnavailable, WrongSequence } from "@sluice/infra/event-log/event-log.ts"
import type { Operation, OperationAnswer } from "@sluice/infra/operations/operation.ts"
import type { RepairAnswer, StoppedAnswer } from "@sluice/infra/operations/repair-answer.ts"
import type { ActorNode, StoppedSubject } from "./actor-node.ts"
import { channelDecider } from "./channel-decider.ts"
import { configurationDecider } from "./configuration-decider.ts"
import { ingressDecider } from "./ingress-decider.ts"

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
 * Sets aside what cannot be folded of a subject that stands still, one commit after the other, and opens it.
 *
 * Source: L11.
 */
export const repairAnswer = async (
  repairing: Repairing,
  { actor, by, isTrial }: Extract<Operation, { type: "repair" }>,
): Promise<OperationAnswer> => {
  const { node, log, nodeId, now } = repairing
  const stopped = node.stopped.find((one) => one.actor === actor)
  if (stopped === undefined)
    return { ok: false, message: `${actor} is not closed: there is nothing to repair` }
  const { subject } = stopped
  const options = { log, subject, decider: deciderOf(subject), node: nodeId, now: now(), by }
  const repairs: Array<RepairFact> = []
  try {
    let repair = await findRepair(options)
    if (isTrial) return { ok: true, message: "", value: repair === undefined ? [] : [answerOf(repair)] }
    for (; repair !== undefined; repair = await findRepair(options)) {
      await storeRepair(options, repair)
      repairs.push(repair)
    }
    const opened = await reopenAnswer(repairing, stopped)
    return opened.ok ? { ok: true, message: `${actor} is open again`, value: repairs.map(answerOf) } : opened
  } catch (error) {
    if (!isExpected(error)) throw error
    return { ok: false, message: error.message }
  }
}

const isExpected = (error: unknown): error is Error =>
  error instanceof UnreadableHistory ||
  error instanceof WrongSequence ||
  error instanceof NotRepairable ||
  error instanceof LogUnavailable

const deciderOf = (subject: string): Decider<unknown, never, Refusal> => {
  if (subject === configurationSubject) return configurationDecider as Decider<unknown, never, Refusal>
  return (subject.startsWith(`${subjectPrefix}ingress.`) ? ingressDecider : channelDecider) as Decider<
    unknown,
    never,
    Refusal
  >
}

const answerOf = (repair: RepairFact): RepairAnswer => {
  const { subject, commit, sequence, version, reason, facts, left } = repair
  return { subject, commit, sequence, version, reason, kept: facts.length, left }
}
