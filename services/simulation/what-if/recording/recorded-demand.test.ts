import { expect, test } from "vitest"
import { attempt } from "../testing/attempts.ts"
import type { RecordedAttempt, RecordedRequest } from "./recorded-attempt.ts"
import { recordedDemand } from "./recorded-demand.ts"
import { ServiceTimes } from "./service-times.ts"

const request = (id: string, more: Partial<RecordedRequest> = {}): RecordedRequest => ({
  request: id,
  client: "alice",
  protocol: "openai",
  model: "m",
  pool: "p",
  arrivedAt: 0,
  deadlineMs: null,
  estimate: { inputTokens: 1, outputTokens: 2 },
  attempts: [],
  status: 200,
  code: "ok",
  waitMs: 0,
  totalMs: 1_000,
  ...more,
})

const demandOf = (
  requests: ReadonlyArray<RecordedRequest>,
  attempts: ReadonlyArray<RecordedAttempt> = [],
) => {
  const times = new ServiceTimes({ requests, attempts: [attempt(0), ...attempts] }, 1)
  return recordedDemand({ requests, attempts }, { times, seed: 1 }).map(({ demand }) => demand)
}

test("a request asks again for what it asked, of the pool that is configured now", () => {
  const session = { session: "0011", sessionSource: "header" } as const
  const [demand] = demandOf([request("r", { ...session, deadlineMs: 500 })])
  expect(demand).toMatchObject({
    client: "alice",
    model: "m",
    session: { id: "0011", source: "header" },
    deadlineMs: 500,
    leavesAfterMs: null,
  })
  expect(demand).not.toHaveProperty("pool")
})

test("one that was refused before anything was known of it ends as it did, whatever is configured", () => {
  expect(demandOf([request("r", { model: "", pool: "", code: "invalid_client_key" })])).toEqual([undefined])
  expect(demandOf([request("r", { pool: "", code: "model_not_found" })])).not.toEqual([undefined])
})

test("one that was refused for its client's limit stands for another of that client", () => {
  const refused = request("r", { model: "", pool: "", code: "client_rpm_exhausted" })
  const [, , drawn] = demandOf([request("one", { client: "bob", model: "x" }), request("two"), refused])
  expect(drawn).toMatchObject({ client: "alice", model: "m" })
  expect(demandOf([refused])).toEqual([undefined])
})

test("a client that left comes as patient as it was: to that time, or to the middle of what it saw of its answer", () => {
  const left = { code: "client_closed", totalMs: 3_000 }
  const cut = attempt(0, { request: "cut", outcome: "client_closed", tookMs: 1_000 })
  const demands = demandOf([request("waiting", left), request("cut", left)], [cut])
  expect(demands.map((demand) => demand?.leavesAfterMs)).toEqual([3_000, 2_500])
})
