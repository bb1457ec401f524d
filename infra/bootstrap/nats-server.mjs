import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, chmodSync } from "node:fs"
import { dirname, join } from "node:path"
import { findNatsServer, isRecent, oldestNatsServer, ownNatsServer } from "./find-nats-server.mjs"
import { fromDebian } from "./nats-server-from-debian.mjs"
import { fromRelease } from "./nats-server-from-release.mjs"
import { say, SetupFailed } from "./say.mjs"

/**
 * Installs `nats-server` unless a recent one is found: from Debian's archive on Debian, with Homebrew on macOS where it is present, else from the
 * project's release archive (S1). Nothing needs root, and nothing is written outside `.tools/` (Homebrew's own folder apart).
 */
export const ensureNatsServer = async () => {
  if (findNatsServer() !== undefined) return
  if (process.env.SLUICE_NATS_SERVER)
    throw new SetupFailed(
      `SLUICE_NATS_SERVER=${process.env.SLUICE_NATS_SERVER} is no nats-server of version ${oldestNatsServer} or newer: correct or unset it`,
    )
  if (withHomebrew()) return
  mkdirSync(dirname(ownNatsServer), { recursive: true })
  const folder = mkdtempSync(join(dirname(ownNatsServer), "nats-server-"))
  try {
    putInPlace(fromDebian(folder) ?? (await fromRelease(folder)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Installs by Homebrew; false where there is none, or when it did not give a recent server. */
const withHomebrew = () => {
  if (process.platform !== "darwin" || spawnSync("brew", ["--version"], { stdio: "ignore" }).status !== 0)
    return false
  say("installing nats-server with Homebrew (brew install nats-server)")
  spawnSync("brew", ["install", "nats-server"], { stdio: ["ignore", 2, 2] })
  return findNatsServer() !== undefined
}

/**
 * Moves a server that was tried into `.tools/` in one step, so that no other start sees half of it.
 *
 * @param {string} file
 */
const putInPlace = (file) => {
  chmodSync(file, 0o755)
  if (!isRecent(file))
    throw new SetupFailed(
      `the nats-server that was fetched does not run on this machine: install ${oldestNatsServer} or newer`,
    )
  const staged = `${ownNatsServer}.${process.pid}`
  copyFileSync(file, staged)
  renameSync(staged, ownNatsServer)
}
