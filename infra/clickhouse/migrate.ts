import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { databaseName, type ClickHouse } from "./clickhouse.ts"
import { MigrationRefused } from "./unavailable.ts"

/** A step that brings the tables from one version to the next. */
export interface Migration {
  /** Counts from 1 without gaps; it stands before the file's name. */
  readonly number: number
  readonly name: string
  readonly sql: string
}

const folder = new URL("migrations/", import.meta.url)

/** Reads the migrations that come with this version, in order. */
export const readMigrations = async (): Promise<ReadonlyArray<Migration>> => {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted()
  return Promise.all(
    names.map(async (file) => ({
      number: Number(file.slice(0, 4)),
      name: file.slice(5, -".sql".length),
      sql: await readFile(new URL(file, folder), "utf8"),
    })),
  )
}

const hashOf = (migration: Migration): string => createHash("sha256").update(migration.sql).digest("hex")

/** Returns the statements of a file; the engine's name is all that differs between one server and a cluster. Source: P1. */
const statementsOf = (migration: Migration, isReplicated: boolean): ReadonlyArray<string> =>
  migration.sql
    .replaceAll(/^--.*\n/gm, "")
    .replaceAll("{{ReplacingMergeTree}}", engineName(isReplicated))
    .split(/;\s*$/m)
    .filter((statement) => statement.trim() !== "")

const engineName = (isReplicated: boolean): string =>
  isReplicated ? "ReplicatedReplacingMergeTree" : "ReplacingMergeTree"

const recordTable = (isReplicated: boolean): string => `
  CREATE TABLE IF NOT EXISTS ${databaseName}.migrations (number UInt32, name String, hash String)
  ENGINE = ${engineName(isReplicated)} ORDER BY number`

/**
 * Applies what has not been applied yet, once and in order, and records it with its hash.
 *
 * Fails: rejects with `MigrationRefused` where the tables are newer than this version, or an applied file was changed.
 * Source: P6.
 */
export const migrate = async (
  clickHouse: ClickHouse,
  migrations: ReadonlyArray<Migration>,
): Promise<void> => {
  const { isReplicated } = clickHouse
  await clickHouse.command(`CREATE DATABASE IF NOT EXISTS ${databaseName}`)
  await clickHouse.command(recordTable(isReplicated))
  const applied = await clickHouse.query<{ number: number; name: string; hash: string }>(
    `SELECT number, name, hash FROM ${databaseName}.migrations FINAL ORDER BY number`,
  )
  for (const { number, name, hash } of applied) {
    const known = migrations.find((migration) => migration.number === number)
    if (known === undefined) throw new MigrationRefused({ reason: newer(number, name, migrations.length) })
    if (hashOf(known) !== hash) throw new MigrationRefused({ reason: changed(number, name) })
  }
  const done = new Set(applied.map(({ number }) => number))
  for (const migration of migrations.filter(({ number }) => !done.has(number))) {
    // A crash in between runs the whole file again, so its statements allow for what is there.
    for (const statement of statementsOf(migration, isReplicated)) await clickHouse.command(statement)
    const { number, name } = migration
    await clickHouse.insert({
      table: "migrations",
      columns: ["number", "name", "hash"],
      rows: JSON.stringify([number, name, hashOf(migration)]),
      token: `migrations:${number}`,
    })
  }
}

const newer = (number: number, name: string, latest: number): string =>
  `the ClickHouse tables were made by a newer version: migration ${number} (${name}) is not known, the last known one is ${latest}`

const changed = (number: number, name: string): string =>
  `migration ${number} (${name}) is not the one that was applied: its file was changed afterwards`
