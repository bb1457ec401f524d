import type { QueryParameter } from "@sluice/infra/clickhouse/clickhouse.ts"

/** What can be given to a query. */
export interface ParameterInfo {
  readonly name: string
  readonly about: string
  /** What is used where it is not given, as text; `null` where it must be given. */
  readonly default: string | null
}

/** Parameters as they were given: texts by name. */
export type GivenParameters = Readonly<Record<string, string>>

/** A statement for ClickHouse and the values that stand in it. */
export interface Statement {
  readonly sql: string
  readonly parameters: Readonly<Record<string, QueryParameter>>
}

/** A question that has a name. Source: P7. */
export interface NamedQuery {
  readonly name: string
  /** One sentence. */
  readonly about: string
  readonly parameters: ReadonlyArray<ParameterInfo>
  /** Fails: throws `InvalidParameter`. */
  statement(given: GivenParameters, nowMs: number): Statement
}
