import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import type { Demand } from "../../demand.ts"
import type { RecordedAttempt, RecordedRequest } from "./recorded-attempt.ts"
import type { Recording } from "./recording.ts"
import type { ServiceTimes } from "./service-times.ts"

/** A request that is to be run again; without a demand it ends as it did, whatever is configured. */
export interface Arrival {
  readonly recorded: RecordedRequest
  /** Without the pool, which follows from the configuration. */
  readonly demand: Omit<Demand, "pool"> | undefined
}

/** Why requests are refused before anything is known of them but their client. Source: A13. */
const ofClient: ReadonlySet<string> = new Set(["client_concurrency_exceeded", "client_rpm_exhausted"])

/**
 * Returns the requests of a recording as clients would send them again, in their order.
 *
 * One that was refused for its client's own limit stands for another of its client, drawn by the seed. A client that left while it was served is taken to leave in the middle of that.
 * Source: R4.
 */
export const recordedDemand = (
  { requests, attempts }: Pick<Recording, "requests" | "attempts">,
  { times, seed }: { readonly times: ServiceTimes; readonly seed: number },
): ReadonlyArray<Arrival> => {
  const lastOf = new Map(attempts.map((attempt) => [attempt.request, attempt]))
  const read = requests.filter(isRead)
  const byClient = Map.groupBy(read, ({ client, protocol }) => `${client} ${protocol}`)
  const byProtocol = Map.groupBy(read, ({ protocol }) => protocol)
  const drawn = (recorded: RecordedRequest): RecordedRequest | undefined => {
    const { client, protocol, request } = recorded
    const like = byClient.get(`${client} ${protocol}`) ?? byProtocol.get(protocol) ?? []
    const one = like[Math.floor(seededRandom(seed, `client ${request}`)() * like.length)]
    return one && { ...one, request, client, arrivedAt: recorded.arrivedAt, code: recorded.code }
  }
  return requests.map((recorded) => {
    const asked = isRead(recorded) ? recorded : ofClient.has(recorded.code) ? drawn(recorded) : undefined
    return { recorded, demand: asked && demandOf(asked, lastOf.get(recorded.request), times) }
  })
}

/** Its body was read, so that it is known what it asked for. */
const isRead = ({ model, pool, code }: RecordedRequest): boolean =>
  model !== "" && (pool !== "" || code === "model_not_found")

const demandOf = (
  recorded: RecordedRequest,
  last: RecordedAttempt | undefined,
  times: ServiceTimes,
): NonNullable<Arrival["demand"]> => {
  const { client, protocol, model, session, sessionSource, estimate, deadlineMs } = recorded
  return {
    client,
    protocol,
    model,
    session:
      session === undefined || sessionSource === undefined ? null : { id: session, source: sessionSource },
    estimate,
    deadlineMs,
    leavesAfterMs: leavesAfterMs(recorded, last),
    work: times.workOf(recorded),
  }
}

const leavesAfterMs = (
  { code, totalMs }: RecordedRequest,
  last: RecordedAttempt | undefined,
): number | null => {
  if (code !== "client_closed") return null
  return last?.outcome === "client_closed" ? Math.max(0, totalMs - Math.round(last.tookMs / 2)) : totalMs
}
