import { chmodSync, mkdirSync, statSync } from "node:fs"
import { Predicate } from "effect"

const everyoneElse = 0o077
const ownerOnly = 0o700

/**
 * Makes a directory that this user alone may enter, and closes one that is there to everyone else.
 *
 * Fails: throws the file system's error; one that belongs to another user, who lets this one in, stays as it is.
 */
export const makePrivateDirectory = (directory: string): void => {
  mkdirSync(directory, { recursive: true, mode: ownerOnly })
  closeToOthers(directory, ownerOnly)
}

/** Takes the rights of everyone else from a file or a directory that is there. Fails: throws the file system's error, unless it is another user's. */
export const closeToOthers = (path: string, mode: number): void => {
  if ((statSync(path).mode & everyoneElse) === 0) return
  try {
    chmodSync(path, mode)
  } catch (error) {
    if (!Predicate.hasProperty(error, "code") || error.code !== "EPERM") throw error
  }
}

/** Lets this process, and those that it starts, write nothing that another user could read: tables, store and logs too. */
export const writePrivately = (): void => void process.umask(everyoneElse)
