import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { oldestNatsServer } from "./find-nats-server.mjs"
import { say, SetupFailed } from "./say.mjs"

const version = "2.15.1"
const releases = "https://github.com/nats-io/nats-server/releases/download"
const timeoutMs = 300_000

/**
 * Fetches the release archive of `nats-server` for this platform, checks it against the release's published SHA-256 and gives the unpacked binary.
 * Fails: `SetupFailed` when there is none for this platform, it cannot be fetched, or its sum differs.
 *
 * @param {string} folder
 * @param {string} from where the releases are
 */
export const fromRelease = async (folder, from = releases) => {
  const name = `nats-server-v${version}-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`
  say(`installing nats-server ${version} from its release archive (${name}.tar.gz, into .tools/)`)
  const sums = new TextDecoder().decode(await download(`${from}/v${version}/SHA256SUMS`))
  const archive = await download(`${from}/v${version}/${name}.tar.gz`)
  const expected = sums
    .split("\n")
    .map((line) => line.trim().split(/\s+\*?/))
    .find(([, file]) => file === `${name}.tar.gz`)?.[0]
  if (expected !== createHash("sha256").update(archive).digest("hex"))
    throw new SetupFailed(`${name}.tar.gz does not have the SHA-256 that its release publishes: ${byHand}`)
  writeFileSync(join(folder, "release.tar.gz"), archive)
  const unpacked = spawnSync("tar", ["-xzf", "release.tar.gz"], { cwd: folder, encoding: "utf8" })
  if (unpacked.status !== 0) throw new SetupFailed(`tar could not unpack ${name}.tar.gz: ${byHand}`)
  return join(folder, name, "nats-server")
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
