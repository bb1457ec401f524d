import type { Claim } from "@sluice/infra/clickhouse/claims.ts"
import { databaseName, type ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { projectedTables } from "./tables/projections.ts"

/** Finds the first block of which a table holds fewer rows than were claimed. Source: P2. */
export const firstShortClaim = async (
  clickHouse: ClickHouse,
  claims: ReadonlyArray<Claim>,
): Promise<Claim | undefined> => {
  if (claims.length === 0) return undefined
  const counts = await Promise.all(projectedTables.map((table) => countRows(clickHouse, table, claims)))
  return claims.find(({ first, rows }) =>
    projectedTables.some((table, place) => (counts[place]?.get(first) ?? 0) < (rows[table] ?? 0)),
  )
}

const countRows = async (
  clickHouse: ClickHouse,
  table: string,
  claims: ReadonlyArray<Claim>,
): Promise<Map<number, number>> => {
  const firsts = claims.map(({ first }) => first)
  const lasts = claims.map(({ last }) => last)
  const counted = await clickHouse.query<{ first: number; count: number }>(
    `SELECT roundDown(sequence, {firsts: Array(UInt64)}) AS first, count() AS count
     FROM ${databaseName}.${table} FINAL
     WHERE sequence BETWEEN {from: UInt64} AND {to: UInt64}
       AND sequence <= transform(first, {firsts: Array(UInt64)}, {lasts: Array(UInt64)}, 0)
     GROUP BY first`,
    { firsts, lasts, from: firsts[0] ?? 0, to: lasts.at(-1) ?? 0 },
  )
  return new Map(counted.map(({ first, count }) => [first, count]))
}
