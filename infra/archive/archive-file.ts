import { existsSync } from "node:fs"
import { open, stat, truncate } from "node:fs/promises"
import { Schema } from "effect"
import { type ArchiveState, emptyArchive, readArchive } from "./read-archive.ts"

/** A file is not to be written to. */
export class ArchiveRefused extends Schema.TaggedError<ArchiveRefused>()("ArchiveRefused", {
  message: Schema.String,
}) {}

/** A file into which an archive is written. */
export interface ArchiveFile extends AsyncDisposable {
  /** What an earlier export has left in it. */
  readonly begun: ArchiveState
  /** The time that it begins with: the given one, or that of the earlier export. */
  readonly fromMs: number | null
  /** Appends, and resolves when it is on the disk. */
  write(bytes: Buffer): Promise<void>
}

/**
 * Opens a file for an archive: a new one, or one that an interrupted export has left, of which what is not whole is cut off.
 *
 * Fails: rejects with `ArchiveRefused` where it holds a whole archive or one that begins in another way, and with `ArchiveDamaged`.
 */
export const openArchive = async (path: string, fromMs: number | null): Promise<ArchiveFile> => {
  const begun = await begunIn(path, fromMs)
  const file = await open(path, "a", 0o600)
  return {
    begun,
    fromMs: begun.blocks > 0 ? begun.from : fromMs,
    write: async (bytes) => {
      await file.appendFile(bytes)
      await file.datasync()
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

const begunIn = async (path: string, fromMs: number | null): Promise<ArchiveState> => {
  if (!existsSync(path) || (await stat(path)).size === 0) return emptyArchive
  let state = emptyArchive
  for await (const part of readArchive(path)) {
    if (part.manifest !== undefined)
      throw new ArchiveRefused({
        message: `${path} holds a whole export already: choose another file with --out`,
      })
    ;({ state } = part)
  }
  // A time is often given as so long ago, which is another instant now: the first one holds.
  if (state.blocks > 0 && (state.from === null) !== (fromMs === null))
    throw new ArchiveRefused({
      message: `${path} holds the beginning of an export ${fromMs === null ? "with" : "without"} --from: go on with that, or choose another file with --out`,
    })
  await truncate(path, state.end)
  return state
}
