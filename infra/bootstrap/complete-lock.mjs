import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./repository.mjs"

/** @typedef {{ version?: string, optionalDependencies?: Record<string, string>, [field: string]: unknown }} Entry */

/**
 * Returns the entries that a lock lacks of the packages which others bring along for single platforms: a registry without them makes npm drop
 * them, and then `npm ci` fails everywhere.
 *
 * Shape: the path below the root → the entry; the platform is the end of the package's name (`…-linux-arm64-gnu`).
 *
 * @param {Record<string, Entry>} packages
 * @returns {Record<string, Entry>}
 */
export const missingPlatforms = (packages) =>
  Object.fromEntries(
    Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.entries(optionalDependencies)
        .map(([name, version]) => ({ name, version, platform: platformOf(name) }))
        .filter(
          ({ name, platform }) => platform !== undefined && packages[`node_modules/${name}`] === undefined,
        )
        .map(({ name, version, platform }) => [`node_modules/${name}`, { version, ...platform }]),
    ),
  )

/**
 * Returns entries with the hashes that somebody knows of their packages; one that nobody knows is without.
 *
 * @param {Record<string, Entry>} entries
 * @param {(named: string) => string} ask gives the hash of `name@version`, or nothing
 */
export const withIntegrity = (entries, ask) =>
  Object.fromEntries(
    Object.entries(entries).map(([path, { version, ...entry }]) => {
      const integrity = ask(`${path.slice("node_modules/".length)}@${version}`)
      return [path, { version, ...(integrity === "" ? {} : { integrity }), ...entry }]
    }),
  )

/** @param {string} named */
const askRegistry = (named) => {
  const { status, stdout } = spawnSync("npm", ["view", named, "dist.integrity"], { encoding: "utf8" })
  return status === 0 ? stdout.trim() : ""
}

/** @param {string} name */
const platformOf = (name) => {
  const [, os, cpu, libc] = /-(darwin|linux|win32)-(x64|arm64)(?:-(gnu|musl))?$/.exec(name) ?? []
  if (os === undefined || cpu === undefined) return undefined
  const libraries = libc === undefined ? {} : { libc: [libc === "gnu" ? "glibc" : libc] }
  return { cpu: [cpu], ...libraries, optional: true, os: [os] }
}

// npm runs this after each installation (the script `dependencies`); a lock that is complete is left alone.
if (process.argv[1] === import.meta.filename) {
  const file = join(root, "package-lock.json")
  const lock = JSON.parse(readFileSync(file, "utf8"))
  const missing = withIntegrity(missingPlatforms(lock.packages), askRegistry)
  if (Object.keys(missing).length > 0) {
    // npm keeps the root's own entry first and the others in this order.
    const [own, ...others] = Object.keys({ ...lock.packages, ...missing })
    const paths = [own ?? "", ...others.toSorted((a, b) => a.localeCompare(b, "en"))]
    lock.packages = Object.fromEntries(paths.map((path) => [path, missing[path] ?? lock.packages[path]]))
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  }
}
