import type { ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { adjustmentsQuery } from "./adjustments.ts"
import { cooldownsQuery } from "./cooldowns.ts"
import { InvalidParameter, UnknownQuery } from "./invalid-parameter.ts"
import { nearLimitQuery } from "./near-limit.ts"
import type { GivenParameters, NamedQuery, ParameterInfo } from "./query.ts"
import { rejectionsQuery } from "./rejections.ts"
import { requestQuery } from "./request.ts"
import { sessionsQuery } from "./sessions.ts"
import { traceQuery } from "./trace.ts"
import { usageQuery } from "./usage.ts"
import { waitsQuery } from "./waits.ts"
import { windowCostQuery } from "./window-cost.ts"

const namedQueries: ReadonlyArray<NamedQuery> = [
  usageQuery,
  waitsQuery,
  cooldownsQuery,
  rejectionsQuery,
  sessionsQuery,
  windowCostQuery,
  nearLimitQuery,
  adjustmentsQuery,
  traceQuery,
  requestQuery,
]

/** Lists the questions that have a name. Source: P7. */
export const listQueries = (): ReadonlyArray<{
  name: string
  about: string
  parameters: ReadonlyArray<ParameterInfo>
}> => namedQueries.map(({ name, about, parameters }) => ({ name, about, parameters }))

/** A row of an answer: values by column. */
export type AnswerRow = Readonly<Record<string, unknown>>

/**
 * Answers a question that has a name.
 *
 * Fails: rejects with `UnknownQuery`, with `InvalidParameter`, and with the client's errors.
 * Source: P7.
 */
export const runQuery = async (
  clickHouse: ClickHouse,
  { name, given, nowMs }: { name: string; given: GivenParameters; nowMs: number },
): Promise<ReadonlyArray<AnswerRow>> => {
  const query = namedQueries.find((candidate) => candidate.name === name)
  if (query === undefined)
    throw new UnknownQuery({ query: name, known: namedQueries.map((known) => known.name) })
  const unknown = Object.keys(given).find((key) => query.parameters.every((known) => known.name !== key))
  if (unknown !== undefined) {
    const names = query.parameters.map((parameter) => parameter.name).join(", ")
    throw new InvalidParameter({
      parameter: unknown,
      reason: `is no parameter of ${name}; there are: ${names}`,
    })
  }
  const { sql, parameters } = query.statement(given, nowMs)
  return clickHouse.query<AnswerRow>(sql, parameters)
}
