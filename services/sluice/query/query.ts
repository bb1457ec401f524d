import { print, printError } from "@sluice/infra/terminal/print.ts"
import { Effect } from "effect"
import { querySource, type QueryInfo } from "./source.ts"
import { formatTable, terminalLook } from "./table.ts"

/** What is asked. */
export interface QueryOptions {
  /** Absent: which questions there are. */
  readonly name: string | undefined
  readonly parameters: Readonly<Record<string, string>>
  readonly json: boolean
  readonly dataDirectory: string
  readonly clickHouseUrl: string | undefined
}

/** Asks a question and prints the answer. Fails: with one line. Source: P7. */
export const query = Effect.fnUntraced(function* ({ name, parameters, json, ...place }: QueryOptions) {
  const source = yield* querySource(place)
  if (name === undefined) {
    const queries = (yield* source.list()).map(({ name: known, about }) => ({ name: known, about }))
    return void print(`${json ? JSON.stringify({ queries }) : formatList(queries)}\n`)
  }
  const rows = yield* source.rows(name, parameters)
  const behind = yield* source.behind()
  if (behind !== undefined) printError(`sluice: ${behind}\n`)
  print(`${json ? JSON.stringify({ rows }) : formatTable(rows, terminalLook())}\n`)
}, Effect.scoped)

const formatList = (queries: ReadonlyArray<QueryInfo>): string => {
  const width = Math.max(...queries.map(({ name }) => name.length))
  return queries.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join("\n")
}
