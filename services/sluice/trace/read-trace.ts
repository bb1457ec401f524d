import { readFile } from "node:fs/promises"
import { CsvError, parse } from "csv-parse/sync"
import { CommandFailed } from "../failure.ts"

/** One recorded request. Units: milliseconds after the first one, tokens. */
export interface RecordedRequest {
  readonly offsetMs: number
  readonly inputTokens: number
  readonly outputTokens: number
}

const columns = ["TIMESTAMP", "ContextTokens", "GeneratedTokens"] as const
type Row = Readonly<Record<(typeof columns)[number], string>>

/**
 * Reads a recorded trace, in the order of arrival; at most the first `limit` requests.
 *
 * Shape: a CSV file whose first line names the columns `TIMESTAMP` (UTC), `ContextTokens` and `GeneratedTokens`.
 * Fails: rejects with `CommandFailed`, which names the file and the line.
 * Source: the Azure LLM inference trace 2023, whose form this is.
 */
export const readTrace = async (file: string, limit = Infinity): Promise<ReadonlyArray<RecordedRequest>> => {
  const rows = parseRows(file, await contentOf(file))
  if (rows.length === 0) throw new CommandFailed({ message: `${file}:2 holds no request` })
  const requests = rows.map(({ record, info }) => requestOf(record, `${file}:${info.lines}`))
  const inOrder = requests.toSorted((one, other) => one.atMs - other.atMs)
  const firstMs = inOrder[0]?.atMs ?? 0
  return inOrder
    .slice(0, limit)
    .map(({ atMs, inputTokens, outputTokens }) => ({ offsetMs: atMs - firstMs, inputTokens, outputTokens }))
}

const contentOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, "utf8")
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${String(code)})`
    throw new CommandFailed({ message: `${file} ${why}` })
  }
}

const parseRows = (file: string, text: string): ReadonlyArray<{ record: Row; info: { lines: number } }> => {
  const firstLine = text.slice(0, text.search(/\r?\n|$/u)).replace(/^\uFEFF/u, "")
  const found = firstLine.split(",")
  const lacking = columns.filter((column) => !found.includes(column))
  if (lacking.length > 0)
    throw new CommandFailed({
      message: `${file}:1 is not the head of a trace: expected ${columns.join(",")}, and ${lacking.join(", ")} is missing`,
    })
  try {
    return parse(text, { columns: true, bom: true, info: true, skip_empty_lines: true })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new CommandFailed({ message: `${file}:${String(error["lines"])} is not CSV: ${error.message}` })
  }
}

const requestOf = (row: Row, place: string) => {
  const atMs = Date.parse(`${row.TIMESTAMP.trim().replace(" ", "T")}Z`)
  if (Number.isNaN(atMs))
    throw new CommandFailed({
      message: `${place} TIMESTAMP: ${JSON.stringify(row.TIMESTAMP)} is not a time: expected 2023-11-16 18:17:03.9799600`,
    })
  return {
    atMs,
    inputTokens: tokensOf(row, "ContextTokens", place),
    outputTokens: tokensOf(row, "GeneratedTokens", place),
  }
}

const tokensOf = (row: Row, column: "ContextTokens" | "GeneratedTokens", place: string): number => {
  if (/^\d{1,7}$/u.test(row[column])) return Number(row[column])
  throw new CommandFailed({
    message: `${place} ${column}: ${JSON.stringify(row[column])} is not a number of tokens: expected a whole number below ten million`,
  })
}
