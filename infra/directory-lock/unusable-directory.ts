import { existsSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Predicate, Schema } from "effect"
import { errorText } from "../process/error-text.ts"

/** A directory cannot be made, or nothing can be written in it. */
export class UnusableDirectory extends Schema.TaggedError<UnusableDirectory>()("UnusableDirectory", {
  directory: Schema.String,
  /** Goes on behind "cannot be used: ". */
  reason: Schema.String,
}) {
  override get message(): string {
    return `the directory ${this.directory} cannot be used: ${this.reason}`
  }
}

const probeBytes = 64 * 1024

/**
 * Says why a directory cannot be used, by the error that an attempt met.
 *
 * SQLite's own codes tell little, nor does that of a directory which could not be made, so that behind one of them a file is written to learn what the file system says.
 * Fails: throws an error that is none of the file system's.
 */
export const unusable = (directory: string, error: unknown): UnusableDirectory => {
  const code = Predicate.hasProperty(error, "code") ? error.code : undefined
  if (typeof code !== "string") throw error
  const isVague = code === "ERR_SQLITE_ERROR" || code === "ENOENT"
  if (!isVague) return new UnusableDirectory({ directory, reason: reasonOf(directory, code) })
  const probed = probe(code === "ENOENT" ? nearest(directory) : directory)
  const reason = probed === undefined ? errorText(error) : reasonOf(directory, probed)
  return new UnusableDirectory({ directory, reason })
}

/** Returns the code of the error that writing a file there meets. */
const probe = (directory: string): string | undefined => {
  const file = join(directory, `probe.${process.pid}`)
  try {
    writeFileSync(file, Buffer.alloc(probeBytes), { flush: true })
  } catch (error) {
    if (existsSync(file)) rmSync(file)
    return Predicate.hasProperty(error, "code") ? String(error.code) : undefined
  }
  rmSync(file)
  return undefined
}

const reasonOf = (directory: string, code: string): string => {
  const uid = process.getuid?.()
  const who = uid === undefined ? "this user" : `this user (id ${uid})`
  const reasons: Readonly<Record<string, () => string>> = {
    ENOSPC: () => `no space is left on its disk (${spaceAt(directory)})`,
    EDQUOT: () => `this user's quota on its disk is used up (${spaceAt(directory)})`,
    EROFS: () => "its file system can only be read",
    EACCES: () => `${who} may not write there`,
    EPERM: () => `${who} may not write there`,
    EEXIST: () => `${fileIn(directory)} is a file, not a directory`,
    ENOTDIR: () => `${fileIn(directory)} is a file, not a directory`,
  }
  return `${reasons[code]?.() ?? "its file system refuses it"} (${code})`
}

/** The nearest of a directory and those above it that is there. */
const nearest = (path: string): string => {
  const up = dirname(path)
  const isThere = (): boolean => {
    try {
      return statSync(path, { throwIfNoEntry: false }) !== undefined
    } catch {
      // Below a file, or where this user may not look: what is above it is asked.
      return false
    }
  }
  return up === path || isThere() ? path : nearest(up)
}

const fileIn = (directory: string): string => nearest(directory)

/** Says how much of the disk of a directory is free, in MiB. */
const spaceAt = (directory: string): string => {
  const { bavail, blocks, bsize } = statfsSync(nearest(directory))
  const mebibytes = (count: number) => ((count * bsize) / 2 ** 20).toFixed(1)
  return `${mebibytes(bavail)} of ${mebibytes(blocks)} MiB free`
}

/** Fails where a directory has less free space than is needed: throws `UnusableDirectory`, which says how much there is. */
export const requireSpace = (directory: string, neededBytes: number): void => {
  const { bavail, bsize } = statfsSync(directory)
  if (bavail * bsize >= neededBytes) return
  const reason = `too little space is left on its disk (${spaceAt(directory)}, ${(neededBytes / 2 ** 20).toFixed(0)} MiB are needed)`
  throw new UnusableDirectory({ directory, reason })
}
