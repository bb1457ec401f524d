import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { oldestNatsServer } from "./find-nats-server.mjs"
import { check, releasedNatsServer, requireAllowed } from "./pinned.mjs"
import { say, SetupFailed } from "./say.mjs"

const releases = "https://github.com/nats-io/nats-server/releases/download"
const timeoutMs = 300_000

/**
 * Fetches the release archive of `nats-server` for this platform, checks it against the SHA-256 that this repository knows of it and gives the unpacked binary.
 *
 * Where the repository knows none, the operator has to take what the release publishes itself (`SLUICE_ALLOW_UNPINNED=1`).
 * Fails: `SetupFailed` when there is none for this platform, it cannot be fetched, or its sum differs.
 *
 * @param {string} folder
 * @param {{ from?: string, pinned?: import("./pinned.mjs").Pinned }} options where the releases are, and what is known of the one that is wanted
 */
export const fromRelease = async (folder, { from = releases, pinned = releasedNatsServer } = {}) => {
  const { version } = pinned
  const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`
  const name = `nats-server-v${version}-${platform}`
  const known = pinned.sha256[platform]
  if (known === undefined) requireAllowed("nats-server")
  say(`installing nats-server ${version} from its release archive (${name}.tar.gz, into .tools/)`)
  const sha256 = known ?? (await publishedSum(`${from}/v${version}/SHA256SUMS`, `${name}.tar.gz`))
  const archive = await download(`${from}/v${version}/${name}.tar.gz`)
  check(archive, { sha256, what: `${name}.tar.gz` })
  writeFileSync(join(folder, "release.tar.gz"), archive)
  const unpacked = spawnSync("tar", ["-xzf", "release.tar.gz"], { cwd: folder, encoding: "utf8" })
  if (unpacked.status !== 0) throw new SetupFailed(`tar could not unpack ${name}.tar.gz: ${byHand}`)
  return join(folder, name, "nats-server")
}

/** @param {string} url @param {string} name */
const publishedSum = async (url, name) => {
  const sums = new TextDecoder().decode(await download(url))
  const line = sums.split("\n").map((one) => one.trim().split(/\s+\*?/))
  const sum = line.find(([, file]) => file === name)?.[0]
  if (sum === undefined) throw new SetupFailed(`${url} does not name ${name}: ${byHand}`)
  return sum
}

const byHand = `install nats-server ${oldestNatsServer} or newer yourself, put it into the PATH (or name it in SLUICE_NATS_SERVER) and start again`

/** @param {string} url */
const download = async (url) => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) })
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
    throw new Error(`status ${response.status}`)
  } catch (error) {
    const cause =
      error instanceof Error
        ? error.cause instanceof Error
          ? error.cause.message
          : error.message
        : String(error)
    throw new SetupFailed(`${url} could not be fetched (${cause}): ${byHand}`)
  }
}
