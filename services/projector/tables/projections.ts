import { adjustments } from "./adjustments.ts"
import { admissions } from "./admissions.ts"
import { cooldowns } from "./cooldowns.ts"
import { facts } from "./facts.ts"
import { limits } from "./limits.ts"
import { rejectedCommits } from "./rejected-commits.ts"
import { requests } from "./requests.ts"
import type { Projection } from "./row.ts"
import { sessions } from "./sessions.ts"
import { usage } from "./usage.ts"
import { windows } from "./windows.ts"

/** Every table that is made from commits. */
export const projections: ReadonlyArray<Projection<object>> = [
  facts,
  requests,
  usage,
  admissions,
  cooldowns,
  sessions,
  windows,
  limits,
  adjustments,
]

/** Every table that is made from the log. */
export const projectedTables: ReadonlyArray<string> = [
  ...projections.map(({ table }) => table),
  rejectedCommits.table,
]
