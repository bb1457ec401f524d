import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Schema } from "effect"
import { closeToOthers, makePrivateDirectory } from "./private-directory.ts"
import { unusable } from "./unusable-directory.ts"

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
 * Shape: `name` is the file that is locked; locks of different names are independent. The directory is closed to other users, and the file too: who could read it could hold it.
 * Fails: throws `DirectoryInUse`, or `UnusableDirectory`.
 * Source: L12 (the lock proves that the one who held the directory before is dead).
 */
export const lockDirectory = (directory: string, name = "lock"): Disposable => {
  const holderFile = join(directory, `${name}.pid`)
  let database: DatabaseSync | undefined
  try {
    makePrivateDirectory(directory)
    const file = join(directory, name)
    // By its name alone: whoever opens and closes a file gives up the locks that its process has on it.
    if (existsSync(file)) closeToOthers(file, ownerOnly)
    database = new DatabaseSync(file, { timeout: 0 })
    database.exec("BEGIN EXCLUSIVE")
    closeToOthers(file, ownerOnly)
    writeFileSync(holderFile, `${process.pid}\n`)
  } catch (error) {
    if (database?.isOpen) database.close()
    if (isBusy(error)) throw new DirectoryInUse({ directory, ...holderIn(holderFile) })
    throw unusable(directory, error)
  }
  const taken = database
  return { [Symbol.dispose]: () => taken.isOpen && taken.close() }
}

const ownerOnly = 0o600
const sqliteBusy = 5

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && error.errcode === sqliteBusy

const holderIn = (file: string): { holder?: number } => {
  try {
    const holder = Number.parseInt(readFileSync(file, "utf8"), 10)
    return Number.isInteger(holder) ? { holder } : {}
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {}
    throw error
  }
}
