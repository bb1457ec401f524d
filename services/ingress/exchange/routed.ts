import type { Admittable } from "../admission/lease.ts"
import type { Ask, WireProtocol } from "../providers/protocol.ts"
import type { Intake } from "./intake.ts"
import type { RequestRecord } from "./request-record.ts"
import { Retries } from "./retry.ts"

/** A request that was read and can be admitted. */
export interface Routed {
  readonly ask: Ask
  readonly admittable: Admittable
  readonly retries: Retries
  readonly drainTimeoutMs: number
}

/** Makes of a request that was read what admission asks for. Source: B1. */
export const routedOf = (
  { ask, pool, session, client, deadlineMs }: Intake,
  { request, arrivedAt, expected }: RequestRecord,
  { protocol, random }: { readonly protocol: WireProtocol; readonly random: () => number },
): Routed => {
  if (ask === undefined || pool === undefined) throw new Error("a request was routed before it was read")
  return {
    ask,
    admittable: {
      request,
      client,
      protocol: protocol.name,
      model: ask.model,
      pool: pool.id,
      session,
      arrivedAt,
      deadlineAt: deadlineMs === null ? null : arrivedAt + deadlineMs,
      estimate: expected.estimate,
    },
    retries: new Retries(pool.retries, { random, now: () => performance.now() }),
    drainTimeoutMs: pool.drainTimeoutMs,
  }
}
