import type { Decider, Denial } from "@sluice/infra/actor-host/decider.ts"
import type { HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import type { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"
import type { OperationAnswer } from "@sluice/infra/operations/operation.ts"
import type { RunningState } from "@sluice/infra/operations/running-state.ts"
import type { ActorNode } from "../hosting/actor-node.ts"
import { channelDecider } from "../hosting/channel-decider.ts"
import { ingressDecider } from "../hosting/ingress-decider.ts"
import { diagnose } from "./diagnosis.ts"

/** The actors of a process, all of which are asked. */
export type RunningActors = Pick<ActorNode, "channels" | "ingress">

/** A subject that is not at rest between so many commits is too busy to be compared. */
const triesForRest = 1_000

/** Returns what the actors of a subject hold at an instant at which the log holds the same. Source: R3. */
export const stateAnswer = async (
  { channels, ingress }: RunningActors,
  subject: string,
): Promise<OperationAnswer> => {
  const channel = [...channels.values()].find((one) => one.subject.subject === subject)
  if (channel !== undefined) return stateAtRest(channel.subject, channelDecider)
  if (ingress.subject === subject) return stateAtRest(ingress, ingressDecider)
  return { ok: false, message: `nothing of ${subject} runs here` }
}

const stateAtRest = async <State>(
  hosted: Pick<
    HostedSubject<State, never, Denial>,
    "subject" | "state" | "version" | "settled" | "isSettled"
  >,
  { machineHash, snapshot }: Pick<Decider<State, never, Denial>, "machineHash" | "snapshot">,
): Promise<OperationAnswer> => {
  for (let tries = 0; tries < triesForRest; tries += 1) {
    if (hosted.isSettled) {
      const value: RunningState = { version: hosted.version, machineHash, state: snapshot(hosted.state) }
      return { ok: true, message: `${hosted.subject} is at version ${hosted.version}`, value }
    }
    await hosted.settled
  }
  return { ok: false, message: `${hosted.subject} is too busy to be compared` }
}

/** Says of each channel and account whether it would take a request now, in times of the machine's clock. Source: R6. */
export const diagnosisAnswer = (
  { channels }: Pick<RunningActors, "channels">,
  model: string | null,
): OperationAnswer => ({
  ok: true,
  message: "",
  value: [...channels.values()].flatMap(({ id, subject: { state, time, isLive } }) =>
    (isLive ? diagnose(id, state, { model, now: time.now() }) : [closedDiagnosis(id)]).map((one) => ({
      ...one,
      until: one.until === null ? null : time.toWall(one.until),
      ...(time.aheadMs === 0 ? {} : { aheadMs: time.aheadMs }),
    })),
  ),
})

/** Of a channel that stands still nothing else is known. Source: L11. */
const closedDiagnosis = (channel: string): Diagnosis => ({
  channel,
  account: null,
  model: null,
  reason: "closed",
  until: null,
  inFlight: 0,
  limit: null,
  waiting: 0,
})
