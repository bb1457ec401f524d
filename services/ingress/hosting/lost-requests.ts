import { aheadOf, type Commit, decodeCommit } from "@sluice/events/commit.ts"
import { idOf, ingressSubject } from "@sluice/events/identifier.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import { type Clock, fromWall } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"

/** A request that a dead process left without an end. */
export interface LostRequest {
  readonly request: string
  readonly client: string
  readonly model: string
  readonly channel: string
  readonly account: string
  /** By the process's own time. */
  readonly arrivedAt: number
}

/**
 * How many messages of the log's tail are searched. A request's end is stored in parallel with its usage, so whatever lacks one is either held by a channel still, or lies this close
 * to the end.
 */
const tailMessages = 20_000

/**
 * Finds the requests that stand in channels' facts and have no end: those that a channel held when its process died, and those between two attempts or about to be completed.
 *
 * Source: L7.
 */
export const findLostRequests = async (
  log: EventLog,
  options: { node: string; held: ReadonlyArray<LostRequest>; clock: Pick<Clock, "wallAhead"> },
): Promise<ReadonlyArray<LostRequest>> => {
  const seen = new Map(options.held.map((lost) => [lost.request, lost]))
  const completed = new Set<string>()
  const head = await log.head()
  const ownSince = await firstOwn(log, options.node)
  for await (const message of log.read({ afterSequence: Math.max(0, head - tailMessages) })) {
    const commit = readable(message.body)
    if (commit === undefined || commit.node !== options.node) continue
    for (const fact of commit.facts) {
      if (fact.type === "request.completed") completed.add(fact.request)
      const begun = message.sequence < ownSince ? undefined : begunBy(fact)
      if (begun === undefined) continue
      const arrivedAt = fromWall(options.clock, begun.arrivedAt - aheadOf(commit))
      seen.set(begun.request, { ...begun, arrivedAt })
    }
  }
  return [...seen.values()].filter(({ request }) => !completed.has(request))
}

/** Where the ends of requests were purged, those that began before what is left are over too: they may not be searched for their ends. Source: L5. */
const firstOwn = async (log: EventLog, node: string): Promise<number> => {
  for await (const { sequence, body } of log.read({ subject: ingressSubject(node), afterSequence: 0 }))
    return readable(body)?.version === 1 ? 0 : sequence
  return 0
}

/** Says of a lost request all that is known. Source: L7. */
export const lostRequestFields = (
  lost: LostRequest,
  options: { protocol: RequestCompleted["protocol"]; now: number },
): Omit<RequestCompleted, "actor" | "type" | "at"> => ({
  ...lost,
  protocol: options.protocol,
  path: "",
  pool: "",
  streaming: false,
  deadlineMs: null,
  estimate: { inputTokens: 0, outputTokens: 0 },
  maxTokens: null,
  candidates: [],
  attempts: [],
  status: 0,
  code: "node_lost",
  waitMs: 0,
  ttftMs: null,
  totalMs: Math.max(0, options.now - lost.arrivedAt),
  bytesIn: 0,
  bytesOut: 0,
})

const begunBy = (fact: Commit["facts"][number]): LostRequest | undefined => {
  if (fact.type === "channel.queued") {
    const { request, client, model, arrivedAt } = fact
    return { request, client, model, channel: idOf(fact.actor), account: "", arrivedAt }
  }
  if (fact.type !== "channel.acquired") return undefined
  const { request, client, model, account } = fact
  return { request, client, model, channel: idOf(fact.actor), account, arrivedAt: fact.at - fact.waitMs }
}

/** A commit that cannot be read closes its own subject, with a word of its own; here it only has nothing to tell. */
const readable = (body: string): Commit | undefined => {
  try {
    return decodeCommit(body)
  } catch {
    return undefined
  }
}
