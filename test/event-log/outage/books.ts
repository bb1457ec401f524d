import { join } from "node:path"
import { decodeCommit } from "@sluice/events/commit.ts"
import { openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { expect } from "vitest"
import { type startProduct } from "../../product.ts"
import { contentsOfFacts, contentsOfTables } from "../../projector/projected-tables.ts"
import { until } from "../../until.ts"
import type { Outcome } from "./steady-load.ts"

/**
 * Ends the product and closes the books: versions without gaps, one usage for each answer that a client saw whole, each request ended once, and the tables hold exactly what the log does.
 *
 * Source: D3, L5, L7, L9, P2.
 */
export const expectBooksToClose = async (
  product: Awaited<ReturnType<typeof startProduct>>,
  outcomes: ReadonlyArray<Outcome>,
): Promise<void> => {
  expect(await product.running.ingress.end()).toBe(0)
  await until(() => hasCaughtUp(product.projector.url), "the projector has caught up", 60_000)
  expect(await product.projector.end()).toBe(0)
  const stored = await storedIn(product.nats.url)
  const facts = stored.flatMap(({ commit }) => commit.facts)
  for (const [subject, commits] of Map.groupBy(stored, (one) => one.subject))
    expect([subject, commits.map(({ commit }) => commit.version)]).toEqual([
      subject,
      commits.map((_, index) => index + 1),
    ])
  const requestsOf = (type: string) =>
    facts.flatMap((fact) => (fact.type === type && "request" in fact ? [fact.request] : []))
  const used = new Set(requestsOf("account.usage_recorded"))
  const completed = requestsOf("request.completed")
  const whole = outcomes.filter(({ isWhole }) => isWhole).map(({ request }) => request)
  expect(requestsOf("account.usage_recorded")).toHaveLength(used.size)
  expect(whole.filter((request) => !used.has(request))).toEqual([])
  expect(completed).toHaveLength(new Set(completed).size)
  expect(requestsOf("channel.acquired").filter((request) => !completed.includes(request))).toEqual([])
  const clickHouse = await openClickHouse({ path: join(product.directory, "clickhouse") })
  expect(await contentsOfTables(clickHouse)).toEqual(contentsOfFacts(stored))
  await clickHouse.close()
}

const hasCaughtUp = async (projectorUrl: string): Promise<boolean> => {
  const answer = await fetch(`${projectorUrl}/lag`)
  return answer.ok && ((await answer.json()) as { lagFacts: number }).lagFacts === 0
}

/** Reads all that a log holds. */
export const storedIn = async (natsUrl: string) => {
  const log = await openJetStreamLog({ url: natsUrl })
  const stored = []
  for await (const { subject, body } of log.read({ afterSequence: 0 }))
    stored.push({ subject, commit: decodeCommit(body) })
  await log.close()
  return stored
}
