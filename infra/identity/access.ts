import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Predicate, Result, Schema } from "effect"
import { drawPassword, natsUsers } from "../nats-server/users.ts"

const Passwords = Schema.Record(Schema.Literals(natsUsers), Schema.String)

/** What lets someone in at the parts that run on a data directory: whoever may read its file. */
export const Access = Schema.Struct({
  /** Of the embedded log's users. */
  nats: Passwords,
  /** Of whoever asks the projector. */
  queries: Schema.String,
})
export type Access = typeof Access.Type

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Access))
const fileIn = (dataDirectory: string): string => join(dataDirectory, "access.json")

/** Reads what lets someone in; `undefined` where nothing was ever started on the directory. Fails: throws the file system's error. */
export const readAccess = (dataDirectory: string): Access | undefined => {
  try {
    const read = decode(readFileSync(fileIn(dataDirectory), "utf8"))
    return Result.isSuccess(read) ? read.success : undefined
  } catch (error) {
    if (Predicate.hasProperty(error, "code") && error.code === "ENOENT") return undefined
    throw error
  }
}

/**
 * Reads what lets someone in, and makes it where there is nothing that can be read: passwords that were drawn, in a file for this user alone.
 *
 * Shape: the caller holds the directory. They are the same at the next start, so that whoever follows the log goes on over it.
 */
export const openAccess = (dataDirectory: string): Access => {
  const there = readAccess(dataDirectory)
  if (there !== undefined) return there
  const nats = Object.fromEntries(natsUsers.map((user) => [user, drawPassword()])) as Access["nats"]
  const access: Access = { nats, queries: drawPassword() }
  const file = fileIn(dataDirectory)
  writeFileSync(`${file}.new`, `${JSON.stringify(access, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
  return access
}
