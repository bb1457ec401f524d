import { execFileSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { root } from "./repository.mjs"

/** Where the set-up puts a `nats-server` of its own. */
export const ownNatsServer = join(root, ".tools", "nats-server")

/** The oldest `nats-server` that keeps the log as it must be kept. */
export const oldestNatsServer = "2.12.3"

/**
 * Returns the path of the `nats-server` to start: `SLUICE_NATS_SERVER`, else the one in `.tools/`, else the first in the PATH; none is
 * taken that is older than `oldestNatsServer`.
 *
 * @returns {string | undefined}
 */
export const findNatsServer = () => {
  const chosen = process.env.SLUICE_NATS_SERVER
  if (chosen !== undefined && chosen !== "") return isRecent(chosen) ? chosen : undefined
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "")
  return [ownNatsServer, ...folders.map((folder) => join(folder, "nats-server"))].find(isRecent)
}

/**
 * Says whether a file is a `nats-server` that runs on this machine and is recent enough.
 *
 * @param {string} file
 */
export const isRecent = (file) => {
  const version = versionOf(file)
  return version !== undefined && compareVersions(version, oldestNatsServer) >= 0
}

/** @param {string} file */
const versionOf = (file) => {
  try {
    accessSync(file, constants.X_OK)
    const output = execFileSync(file, ["--version"], {
      encoding: "utf8",
      timeout: 5_000,
      stdio: ["ignore", "pipe", "ignore"],
    })
    return /^nats-server: v(\d+\.\d+\.\d+)/.exec(output)?.[1]
  } catch {
    // Absent, not executable, of another platform: no server to start, whatever the reason.
    return undefined
  }
}

/**
 * Orders two plain versions like `2.12.3`: negative when the first is the older.
 *
 * @param {string} left
 * @param {string} right
 */
export const compareVersions = (left, right) => {
  const [a, b] = [left, right].map((version) => version.split(".").map(Number))
  const differs = [0, 1, 2].find((part) => a?.[part] !== b?.[part])
  return differs === undefined ? 0 : (a?.[differs] ?? 0) - (b?.[differs] ?? 0)
}
