import { join } from "node:path"
import { type ClickHouse, openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { projectAll } from "@sluice/projector/project-all.ts"
import { cooldownsQuery } from "@sluice/projector/queries/cooldowns.ts"
import type { GivenParameters, NamedQuery } from "@sluice/projector/queries/query.ts"
import { requestQuery } from "@sluice/projector/queries/request.ts"
import { median } from "../figures.ts"
import { openPrivateLog } from "./private-log.ts"
import { storeExamples } from "./projection.ts"

/** How fast the tables tell the story of a request. */
export interface ExplanationSpeed {
  /** As many as were wanted, or as could be put into the table in time. */
  readonly facts: number
  readonly questions: number
  readonly medianMs: number
  readonly worstMs: number
}

/** How much is asked of which tables. */
export interface ExplanationPlan {
  readonly facts: number
  /** So many are projected; the others are copies of theirs. */
  readonly requests: number
  /** What is not in the table by then is left out. */
  readonly fillSecondsMax: number
  readonly questions: number
}

/** What one insert of copies holds about. */
const factsPerInsert = 1_000_000

/** Measures what `explain` asks an embedded ClickHouse that holds many facts, with nothing else to do. Source: R2, P7. */
export const measureExplanations = async (plan: ExplanationPlan): Promise<ExplanationSpeed> => {
  await using opened = await openPrivateLog()
  await storeExamples(opened.log, plan.requests)
  const path = join(opened.folder, "tables")
  const clickHouse = await openClickHouse({ path })
  try {
    const logger = createLogger({ name: "bench", level: "error" })
    const projected = await projectAll({ log: opened.log, clickHouse: { path }, logger })
    const copies = await copyFacts(clickHouse, projected.facts, plan)
    const elapsedMs: Array<number> = []
    // The first question warms up.
    for (const request of await requestsOf(clickHouse, copies, plan.questions + 1))
      elapsedMs.push(await explainedMs(clickHouse, request))
    const [counted] = await clickHouse.query<{ facts: number }>("SELECT count() AS facts FROM sluice.facts")
    return {
      facts: counted?.facts ?? 0,
      questions: plan.questions,
      medianMs: median(elapsedMs.slice(1)),
      worstMs: Math.max(...elapsedMs.slice(1)),
    }
  } finally {
    await clickHouse.close()
  }
}

/** Goes on with the log by copies of it, each with places, times and names of its own; tells how many there are. */
const copyFacts = async (clickHouse: ClickHouse, facts: number, plan: ExplanationPlan): Promise<number> => {
  const until = performance.now() + plan.fillSecondsMax * 1_000
  const wanted = Math.max(0, Math.ceil(plan.facts / facts) - 1)
  const together = Math.max(1, Math.round(factsPerInsert / facts))
  await clickHouse.command("CREATE TABLE sluice.examples ENGINE = Memory AS SELECT * FROM sluice.facts FINAL")
  let copies = 0
  while (copies < wanted && performance.now() < until) {
    const count = Math.min(together, wanted - copies)
    await clickHouse.command(insertOfCopies({ from: copies + 1, count }))
    copies += count
  }
  return copies
}

const insertOfCopies = ({ from, count }: { readonly from: number; readonly count: number }): string => `
  INSERT INTO sluice.facts
  WITH
    (SELECT (max(sequence), max(version), max(toUnixTimestamp64Milli(at)) - min(toUnixTimestamp64Milli(at))) FROM sluice.examples) AS span
  SELECT
    at + toIntervalMillisecond(copy * (span.3 + 1)) AS at,
    sequence + copy * span.1 AS sequence,
    subject,
    version + copy * span.2 AS version,
    \`index\`, kind, actor, type,
    if(request = '', '', concat(request, '-', toString(copy))) AS request,
    if(lease = '', '', concat(lease, '-', toString(copy))) AS lease,
    node, data
  FROM sluice.examples
  CROSS JOIN (SELECT number + ${from} AS copy FROM numbers(${count})) AS copied`

/** Picks requests of all copies, also such as the upstream refused. */
const requestsOf = async (
  clickHouse: ClickHouse,
  copies: number,
  count: number,
): Promise<ReadonlyArray<string>> => {
  const picked = await clickHouse.query<{ request: string }>(
    `SELECT request FROM sluice.examples WHERE type = 'request.completed' ORDER BY cityHash64(request) LIMIT ${count}`,
  )
  return picked.map(({ request }, nth) => {
    const copy = Math.round((copies * nth) / count)
    return copy === 0 ? request : `${request}-${copy}`
  })
}

interface FactRow {
  readonly at: string
  readonly actor: string
  readonly request: string
}

/** Asks for the commits of a request, and for the cooldowns around them of one of its actors. */
const explainedMs = async (clickHouse: ClickHouse, request: string): Promise<number> => {
  const begin = performance.now()
  const rows = await ask<FactRow>(clickHouse, requestQuery, { request })
  const own = rows.filter((row) => row.request === request)
  const [first] = own
  if (first === undefined) throw new Error(`the tables know nothing of ${request}`)
  const at = Date.parse(first.at)
  const range = { from: String(at - 9 * 86_400_000), to: String(at + 60_000), limit: "50" }
  const actor = own.find((row) => row.actor.startsWith("account/"))?.actor ?? first.actor
  await ask(clickHouse, cooldownsQuery, { actor, ...range })
  return performance.now() - begin
}

const ask = <Row>(
  clickHouse: ClickHouse,
  query: NamedQuery,
  given: GivenParameters,
): Promise<ReadonlyArray<Row>> => {
  const { sql, parameters } = query.statement(given, Date.now())
  return clickHouse.query<Row>(sql, parameters)
}
