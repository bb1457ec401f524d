import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { databaseName, openClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"
import { migrate, readMigrations } from "@sluice/infra/clickhouse/migrate.ts"
import { listQueries } from "@sluice/projector/queries/named-queries.ts"
import { pageOf, table, wrapped } from "./page-text.ts"

const intro = `The projector makes these tables of the log ([P1–P6](rules/analytics.md)), in the database \`${databaseName}\`. Each row
has the place of the fact that it comes from: \`subject\`, \`version\` and \`index\` are its key, \`sequence\` is that of the stream.
Times are UTC; costs are USD; what has a beginning and an end in different facts has a view over the steps.`

const questions = `\`npx sluice query NAME\` answers a question that has a name; \`--json\` and \`--csv\` give it to programs.`

interface Column {
  readonly table: string
  readonly engine: string
  readonly sorting_key: string
  readonly name: string
  readonly type: string
  readonly comment: string
}

const columns = `
  SELECT c.table AS table, t.engine AS engine, t.sorting_key AS sorting_key, c.name AS name, c.type AS type, c.comment AS comment
  FROM system.columns c JOIN system.tables t ON t.database = c.database AND t.name = c.table
  WHERE c.database = '${databaseName}' ORDER BY t.engine = 'View', c.table, c.position`

const readColumns = async (): Promise<ReadonlyArray<Column>> => {
  const path = await mkdtemp(join(tmpdir(), "sluice-tables-"))
  const clickHouse = await openClickHouse({ path })
  try {
    await migrate(clickHouse, await readMigrations())
    return await clickHouse.query<Column & Readonly<Record<string, unknown>>>(columns)
  } finally {
    await clickHouse.close()
    await rm(path, { recursive: true, force: true })
  }
}

/** What each table holds a row of. */
const rowOf: Readonly<Record<string, string>> = {
  admissions: "An outcome of admission: granted, denied, waited, timed out, left.",
  adjustments: "A change of a learned limit or rate, or of how it is learned.",
  cooldown_steps: "A fact of a cooldown; `cooldowns` puts them together.",
  facts: "A fact, as it is in the log.",
  limit_steps: "A fact that says what an actor's limits are; `limits` has the newest.",
  meta: "What the projector keeps for itself.",
  migrations: "A migration that was applied.",
  refused_requests: "A second of requests that were refused and only counted.",
  rejected_commits: "A commit that could not be projected.",
  requests: "A request, from the fact that ends its story.",
  session_steps: "A fact of a session's stay on an account; `sessions` puts them together.",
  usage: "A metered attempt.",
  window_steps: "A fact of a window of cost; `window_cost` puts them together.",
  cooldowns: "A cooldown: its beginning, end and cause.",
  limits: "An actor and its limits as they are now.",
  sessions: "A stay of a session on an account.",
  window_cost: "An account's window of cost, with what was used in it.",
}

/** Returns the page of tables, views and named queries, from an engine that has applied every migration. */
export const tablesPage = async (): Promise<string> => {
  const found = Map.groupBy(await readColumns(), (column) => column.table)
  const parts = [...found].flatMap(([name, of]) => {
    const { engine = "", sorting_key: key = "" } = of[0] ?? {}
    const about = rowOf[name]
    if (about === undefined) throw new Error(`the page of tables does not say what a row of ${name} is`)
    const rows = of.map((column) => [`\`${column.name}\``, `\`${column.type}\``, column.comment])
    return [
      `### ${name}`,
      wrapped(`${engine === "View" ? "A view. " : ""}${about}${key === "" ? "" : ` Sorted by \`${key}\`.`}`),
      table(["column", "type", "what it is"], rows),
    ]
  })
  const queries = listQueries().flatMap(({ name, about, parameters }) => [
    `### ${name}`,
    wrapped(about),
    ...(parameters.length === 0
      ? []
      : [
          table(
            ["parameter", "what it is", "default"],
            parameters.map((one) => [
              `\`${one.name}\``,
              one.about,
              one.default === null ? "needed" : `\`${one.default}\``,
            ]),
          ),
        ]),
  ])
  return pageOf("Tables and queries", [
    wrapped(intro),
    "## Tables and views",
    ...parts,
    "## Named queries",
    wrapped(questions),
    ...queries,
  ])
}
