import { admissions } from "./admissions.ts"
import { cooldowns } from "./cooldowns.ts"
import { facts } from "./facts.ts"
import { requests } from "./requests.ts"
import type { Projection } from "./row.ts"
import { usage } from "./usage.ts"

/** Every table that is made from commits. */
export const projections: ReadonlyArray<Projection<object>> = [facts, requests, usage, admissions, cooldowns]

/** Holds commits that cannot be read. Source: P3. */
export const rejectedTable = "rejected_commits"

/** Every table that is made from the log. */
export const projectedTables: ReadonlyArray<string> = [
  ...projections.map(({ table }) => table),
  rejectedTable,
]
