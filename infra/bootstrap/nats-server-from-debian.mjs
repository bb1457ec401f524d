import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isRecent } from "./find-nats-server.mjs"
import { allowsUnpinned, checkFile, debianNatsServer } from "./pinned.mjs"
import { say } from "./say.mjs"

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
const suite = "forky"

/**
 * Fetches `nats-server` from the suite `forky` of the mirror that this Debian machine uses, with a sources list and a state of its own; apt checks the
 * archive's signature, and the package is checked against the hash that this repository knows of it. Gives the unpacked binary, or nothing where this is no Debian or the mirror does not have it (with
 * `SLUICE_ALLOW_UNPINNED=1` another version is taken by the signature alone).
 * Fails: `SetupFailed` where the package has another hash.
 *
 * @param {string} folder
 */
export const fromDebian = (folder) => {
  if (process.platform !== "linux" || !isDebian() || !existsSync(keyring)) return undefined
  const mirror = mirrorOfThisMachine()
  if (mirror === undefined) return undefined
  const { version } = debianNatsServer
  const sha256 = debianNatsServer.sha256[architecture()]
  if (sha256 === undefined && !allowsUnpinned()) return undefined
  say(`installing nats-server from Debian ${suite} (apt-get download, into .tools/)`)
  for (const part of ["lists/partial", "cache/archives/partial", "state", "unpacked"])
    mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, "sources.list"), `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`)
  const options = aptOptions(folder)
  if (!succeeds("apt-get", [...options, "update"], folder)) return undefined
  const isPinned =
    sha256 !== undefined && succeeds("apt-get", [...options, "download", `nats-server=${version}`], folder)
  if (!isPinned && !allowsUnpinned()) return undefined
  if (!isPinned && !succeeds("apt-get", [...options, "download", "nats-server"], folder)) return undefined
  const archive = readdirSync(folder).find((name) => name.endsWith(".deb"))
  if (archive === undefined) return undefined
  if (isPinned) checkFile(join(folder, archive), { sha256, what: `Debian's nats-server ${version}` })
  if (!succeeds("dpkg", ["-x", archive, "unpacked"], folder)) return undefined
  const binary = join(folder, "unpacked", "usr", "sbin", "nats-server")
  return isRecent(binary) ? binary : undefined
}

/** Returns Debian's name of this machine's architecture. */
const architecture = () =>
  (spawnSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).stdout ?? "").trim()

const isDebian = () =>
  existsSync("/etc/os-release") && /^ID="?debian"?$/m.test(readFileSync("/etc/os-release", "utf8"))

/**
 * The address from which this machine has its own `main` packages.
 *
 * @returns {string | undefined}
 */
const mirrorOfThisMachine = () => {
  const format = "$(REPO_URI) $(COMPONENT) $(IDENTIFIER)"
  const targets = spawnSync("apt-get", ["indextargets", "--format", format], { encoding: "utf8" })
  const mirrors = (targets.stdout ?? "")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, component, identifier]) => component === "main" && identifier === "Packages")
    .map(([uri]) => uri)
  // Other archives may be configured beside Debian's; its security archive has no such suite.
  return mirrors.find((uri) => uri !== undefined && /\/debian\/?$/.test(uri)) ?? mirrors[0]
}

/** @param {string} folder */
const aptOptions = (folder) =>
  [
    `Dir::Etc::SourceList=${join(folder, "sources.list")}`,
    "Dir::Etc::SourceParts=/dev/null",
    "Dir::Etc::Preferences=/dev/null",
    "Dir::Etc::PreferencesParts=/dev/null",
    `Dir::State=${join(folder, "state")}`,
    `Dir::State::Lists=${join(folder, "lists")}`,
    `Dir::Cache=${join(folder, "cache")}`,
    "Acquire::Languages=none",
    "APT::Update::Error-Mode=any",
    // Started by root, apt would fetch as a user of its own, who may not write here; the signature is checked all the same.
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option])

/**
 * Runs a command quietly; what it prints is shown only when it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} folder
 */
const succeeds = (command, args, folder) => {
  const run = spawnSync(command, args, { cwd: folder, encoding: "utf8", timeout: 300_000 })
  if (run.status === 0) return true
  const reason = `${run.stderr ?? ""}\n${run.error?.message ?? ""}`.trim().split("\n").at(-1)
  say(`${command} ${args.includes("update") ? "update" : (args.at(-1) ?? "")} failed: ${reason}`)
  return false
}
