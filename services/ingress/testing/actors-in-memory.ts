import type { Fact } from "@sluice/events/commit.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import type { AdaptiveSettings } from "@sluice/events/configuration/adaptive-limit.ts"
import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { type Clock, fromWall, manualClock } from "@sluice/infra/clock/clock.ts"
import { type EventLog, LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { openRepairedLog } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import type { Operation } from "@sluice/infra/operations/operation.ts"
import { Schema } from "effect"
import { ActorAdmission } from "../admission/admission.ts"
import type { Admittable } from "../admission/lease.ts"
import { ActorNode } from "../hosting/actor-node.ts"
import { OutageLines } from "../hosting/outage-lines.ts"
import { recover, reopen } from "../hosting/recovery.ts"
import { type Operated, runOperation } from "../operations/operations.ts"

const decode = Schema.decodeUnknownSync(ConfigurationFile)

/** A configuration of channels that are named in one pool `p`, a tier each. */
export const configuration = (
  channels: ReadonlyArray<{ id: string } & Record<string, unknown>>,
  more: { tiers?: ReadonlyArray<ReadonlyArray<string>>; pool?: Record<string, unknown> } = {},
): ConfigurationFile =>
  decode({
    pools: [{ id: "p", models: ["m"], tiers: more.tiers ?? channels.map(({ id }) => [id]), ...more.pool }],
    channels: channels.map((channel) => ({
      protocol: "openai",
      baseUrl: "http://upstream",
      models: ["m"],
      ...channel,
    })),
  })

const usualAdaptive: AdaptiveSettings = { algorithm: "aether", initial: 20, min: null, max: null }

/** A log that can be told to fail. */
export interface FaultyLog extends EventLog {
  /** While set, every append is stored or not as it says, and is not answered. */
  fault: "none" | "lost" | "unanswered"
}

/** Puts faults in front of a log. */
export const faulty = (log: EventLog): FaultyLog => {
  const made: FaultyLog = {
    ...log,
    fault: "none",
    append: async (message) => {
      if (made.fault === "none") return log.append(message)
      if (made.fault === "unanswered") await log.append(message)
      throw new LogUnavailable({ reason: "no answer" })
    },
    last: async (subject) => {
      if (made.fault !== "none") throw new LogUnavailable({ reason: "no answer" })
      return log.last(subject)
    },
  }
  return made
}

type Asked = Partial<Admittable & Parameters<ActorAdmission["admit"]>[1]>

/** What a node tells, as the lines that an operator reads. */
const hearing = (onTrouble: (line: string) => void, clock: Clock) => {
  const write = (_: object, line: string) => onTrouble(line)
  const lines = new OutageLines({ warn: write, error: write }, clock)
  const onWaiting: OutageLines["waits"] = (subject, waiting) => lines.waits(subject, waiting)
  return { onTrouble, onWaiting }
}

/** Asks for a slot with what a test leaves open. */
const asking =
  (admission: ActorAdmission, { now }: Pick<Clock, "now">) =>
  async (request: string, more: Asked = {}) =>
    admission.admit(
      {
        request,
        client: "alice",
        protocol: "openai",
        model: "m",
        pool: "p",
        session: null,
        arrivedAt: now(),
        deadlineAt: null,
        estimate: { inputTokens: 1, outputTokens: 1 },
        ...more,
      },
      {
        attempt: 1,
        tried: new Set(),
        hasAnswer: false,
        isReturning: false,
        waitedMs: 0,
        signal: new AbortController().signal,
        ...more,
      },
    )

/** Actors and admission on a log and a clock that the test owns. */
export const startActors = async (options: {
  wanted: ConfigurationFile
  /** What every account brings to its upstream. */
  credential?: string
  log?: EventLog
  clock?: ReturnType<typeof manualClock>
  takesNew?: () => boolean
  untilStored?: (stored: Promise<void>) => Promise<void>
}) => {
  const log = faulty(await openRepairedLog(options.log ?? createMemoryLog()))
  const clock = options.clock ?? manualClock()
  const troubles: Array<string> = []
  const onTrouble = (message: string) => void troubles.push(message)
  const node = await ActorNode.open({ log, clock, node: "n1", ...hearing(onTrouble, clock) })
  const costOf = () => ({ standardCostNanoUsd: 0, priced: true, prices: "test" })
  const late: Array<string> = []
  const onLate = (subject: string) => void late.push(subject)
  const recovery = { log, nodeId: "n1", incarnation: "i1", clock, costOf, onLate }
  const recovered = await recover(node, recovery)
  const apply = () => node.apply({ wanted: options.wanted, by: "file" })
  await apply()
  const admission = new ActorAdmission({
    overlapped: true,
    now: clock.now,
    fromWall: (wallMs) => fromWall(clock, wallMs),
    jitter: () => 0,
    credentialOf: () => options.credential ?? "secret",
    costOf,
    onTrouble,
    poolOf: (id) => options.wanted.pools.find((pool) => pool.id === id),
    channelOf: (id) => node.channels.get(id),
    channels: () => node.channels.values(),
    at: (timeMs, run) => clock.at(timeMs, run),
    weightOf: () => 1,
    takesNew: options.takesNew ?? (() => true),
    untilStored: options.untilStored ?? ((stored) => stored),
    complete: (request) => node.ingress.submit({ type: "complete", node: "n1", request }),
    mayGrant: undefined,
  })
  node.listen(admission)
  const operated: Operated = {
    node,
    log,
    nodeId: "n1",
    now: clock.now,
    adaptive: () => usualAdaptive,
    reopen: async (subject) => {
      await reopen(node, subject, recovery)
      await apply()
    },
  }
  const operate = (operation: Operation) => runOperation(operated, operation)
  return { log, clock, node, admission, recovered, late, troubles, ask: asking(admission, clock), operate }
}

/** All facts that a log holds, in order. */
export const factsIn = async (log: EventLog): Promise<ReadonlyArray<Fact>> => {
  const facts: Array<Fact> = []
  for await (const { body } of log.read({ afterSequence: 0 })) facts.push(...decodeCommit(body).facts)
  return facts
}

/** Lets everything that is under way without a timer come to rest. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve()
}
