import { statSync } from "node:fs"

/** Tells a directory from every other one, copies of itself among them, wherever it is moved to on its disk: by device and inode. */
export const directoryIdentity = (directory: string): string => {
  const { dev, ino } = statSync(directory, { bigint: true })
  return `${dev}:${ino}`
}
