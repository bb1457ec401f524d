import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Schema } from "effect"

/** Another process, or another part of this one, holds the directory. Source: S2, L12. */
export class DirectoryInUse extends Schema.TaggedError<DirectoryInUse>()("DirectoryInUse", {
  directory: Schema.String,
  /** The process that took it last; absent in the instant in which it is taken. */
  holder: Schema.optional(Schema.Int),
}) {
  override get message(): string {
    const by = this.holder === undefined ? "another process" : `process ${this.holder}`
    return `the directory ${this.directory} is in use by ${by}`
  }
}

/**
 * Takes a directory for this process until it is disposed of or the process ends, however it ends: the lock is the kernel's, on a file that SQLite keeps locked.
 *
 * Shape: `name` is the file that is locked; locks of different names are independent.
 * Fails: throws `DirectoryInUse`.
 * Source: L12 (the lock proves that the one who held the directory before is dead).
 */
export const lockDirectory = (directory: string, name = "lock"): Disposable => {
  mkdirSync(directory, { recursive: true })
  const holderFile = join(directory, `${name}.pid`)
  const database = new DatabaseSync(join(directory, name), { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE")
  } catch (error) {
    database.close()
    if (!(error instanceof Error && "errcode" in error && error.errcode === sqliteBusy)) throw error
    throw new DirectoryInUse({ directory, ...holderIn(holderFile) })
  }
  writeFileSync(holderFile, `${process.pid}\n`)
  return { [Symbol.dispose]: () => database.isOpen && database.close() }
}

const sqliteBusy = 5

const holderIn = (file: string): { holder?: number } => {
  try {
    const holder = Number.parseInt(readFileSync(file, "utf8"), 10)
    return Number.isInteger(holder) ? { holder } : {}
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {}
    throw error
  }
}
