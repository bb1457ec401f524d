import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { delimiter, join, sep } from "node:path"
import { requireAllowed } from "./pinned.mjs"
import { say, SetupFailed } from "./say.mjs"

/** @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[] }} LockedPackage */

/**
 * The packages of a lock file by their path below the root; none when the file cannot be read.
 *
 * @param {string} file
 * @returns {Map<string, LockedPackage>}
 */
const readLock = (file) => {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(file, "utf8")).packages))
  } catch (error) {
    if (
      error instanceof SyntaxError ||
      (error instanceof Error && "code" in error && error.code === "ENOENT")
    )
      return new Map()
    throw error
  }
}

/**
 * Says whether the installed packages are those of `package-lock.json`, by npm's own record of what it installed.
 *
 * @param {string} root
 */
export const packagesAreInstalled = (root) => {
  const wanted = readLock(join(root, "package-lock.json"))
  const installed = readLock(join(root, "node_modules", ".package-lock.json"))
  for (const [path, entry] of wanted) {
    if (!path.includes("node_modules/")) continue
    const found = installed.get(path)
    // An optional package is absent when it is for another platform, or when the registry does not have it.
    if (found === undefined && entry.optional === true) continue
    if (found === undefined || !sameContent(found, entry)) return false
  }
  for (const path of installed.keys()) if (path.includes("node_modules/") && !wanted.has(path)) return false
  return installed.size > 0
}

/** @param {LockedPackage} found @param {LockedPackage} entry */
const sameContent = (found, entry) =>
  entry.link === true
    ? found.link === true && found.resolved === entry.resolved
    : found.version === entry.version && found.integrity === entry.integrity

/**
 * Installs the packages of `package-lock.json`, unless exactly they are installed already (S1).
 *
 * @param {string} root
 */
export const ensurePackages = (root) => {
  if (packagesAreInstalled(root)) return
  const [unpinned] = unpinnedHere(readLock(join(root, "package-lock.json")))
  if (unpinned !== undefined) requireAllowed(unpinned)
  say("installing the npm packages of package-lock.json (npm ci)")
  // Whatever npm it is: no install script runs, but that of the package `node` where it is needed.
  runNpm(root, ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"])
}

/**
 * Names the packages of a lock that this machine would install without a hash to check them against.
 *
 * @param {Map<string, LockedPackage>} packages
 * @param {{ platform: string, arch: string }} machine
 */
export const unpinnedHere = (packages, { platform, arch } = process) =>
  [...packages]
    .filter(([path, { link, integrity }]) => path.includes("node_modules/") && link !== true && !integrity)
    .filter(([, { os = [platform], cpu = [arch] }]) => os.includes(platform) && cpu.includes(arch))
    .map(([path]) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length))

/**
 * Runs the machine's own npm, whose Node must not be the one that this very run may be replacing.
 *
 * @param {string} root
 * @param {string[]} args
 */
export const runNpm = (root, args) => {
  const inside = join(root, "node_modules") + sep
  const path = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.startsWith(inside))
  const npm = spawnSync("npm", args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, PATH: path.join(delimiter) },
  })
  if (npm.error)
    throw new SetupFailed(`npm could not be started (${npm.error.message}): install npm and start again`)
  if (npm.status !== 0)
    throw new SetupFailed(
      `"npm ${args[0]}" failed, see above: check the network and npm's registry, then start again`,
    )
}
