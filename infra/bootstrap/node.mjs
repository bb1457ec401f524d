import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { runNpm } from "./packages.mjs"
import { checkFile, nodeExecutable, requireAllowed } from "./pinned.mjs"
import { say, SetupFailed } from "./say.mjs"

const neededMajor = 26

/**
 * Returns the path of a Node that runs this project's TypeScript: the running one if it is new enough, else that of the npm package `node` (S1), checked against the hash that this repository knows of it.
 *
 * @param {string} root
 */
export const ensureNode = (root) => {
  const running = Number(process.versions.node.split(".")[0])
  // The running Node may be the package's own, which a new installation has just taken away.
  if (running >= neededMajor && existsSync(process.execPath)) return process.execPath
  const binary = join(root, "node_modules", "node", "bin", "node")
  if (!isWhole(binary)) {
    say(`installing Node ${neededMajor} in node_modules (npm rebuild node)`)
    runNpm(root, ["rebuild", "node", "--ignore-scripts=false", "--foreground-scripts"])
  }
  if (isWhole(binary)) return checked(root, binary)
  throw new SetupFailed(
    `no Node ${neededMajor} for ${process.platform} ${process.arch} came from npm: install Node ${neededMajor} or newer and start again`,
  )
}

/**
 * Checks a Node before it is run, and again whenever its file is another one.
 *
 * @param {string} root
 * @param {string} binary
 */
const checked = (root, binary) => {
  const sha256 = nodeExecutable.sha256[`${process.platform}-${process.arch}`]
  if (sha256 === undefined) {
    requireAllowed("Node")
    return binary
  }
  const { ino, size, mtimeMs } = statSync(binary)
  const seen = join(root, ".tools", "checked-node")
  const told = `${sha256} ${ino} ${size} ${mtimeMs}\n`
  if (existsSync(seen) && readFileSync(seen, "utf8") === told) return binary
  checkFile(binary, { sha256, what: `node_modules/node (${nodeExecutable.version})` })
  mkdirSync(dirname(seen), { recursive: true })
  writeFileSync(seen, told)
  return binary
}

/**
 * A binary of some size: where install scripts are forbidden, npm leaves the package without one.
 *
 * @param {string} file
 */
const isWhole = (file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 1_000_000
