import { readFileSync } from "node:fs"
import { join } from "node:path"
import { missingPlatforms, withIntegrity } from "@sluice/infra/bootstrap/complete-lock.mjs"
import { nodeExecutable } from "@sluice/infra/bootstrap/pinned.mjs"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { root } from "./source-file.ts"

const Entry = Schema.Struct({
  version: Schema.optional(Schema.String),
  resolved: Schema.optional(Schema.String),
  integrity: Schema.optional(Schema.String),
  link: Schema.optional(Schema.Boolean),
  optional: Schema.optional(Schema.Boolean),
  os: Schema.optional(Schema.Array(Schema.String)),
  cpu: Schema.optional(Schema.Array(Schema.String)),
  libc: Schema.optional(Schema.Array(Schema.String)),
  optionalDependencies: Schema.optional(Schema.Record(Schema.String, Schema.String)),
})

const Lock = Schema.Struct({
  lockfileVersion: Schema.Literal(3),
  packages: Schema.Record(Schema.String, Entry),
})

const lockText = readFileSync(join(root, "package-lock.json"), "utf8")
const { packages } = Schema.decodeUnknownSync(Schema.fromJsonString(Lock))(lockText)
const installed = Object.entries(packages).filter(
  ([path, { link }]) => path.includes("node_modules/") && link !== true,
)

test.each([
  { platform: "darwin-arm64", os: ["darwin"], cpu: ["arm64"] },
  { platform: "darwin-x64", os: ["darwin"], cpu: ["x64"] },
  { platform: "linux-arm64-gnu", os: ["linux"], cpu: ["arm64"], libc: ["glibc"] },
  { platform: "linux-x64-gnu", os: ["linux"], cpu: ["x64"], libc: ["glibc"] },
])("the lock knows the ClickHouse engine for $platform", ({ platform, ...where }) => {
  const entry = packages[`node_modules/@chdb/lib-${platform}`]
  const version = packages["node_modules/chdb"]?.optionalDependencies?.[`@chdb/lib-${platform}`]
  expect(entry).toMatchObject({ version, optional: true, ...where })
})

test("the lock lacks no package that another one brings along for one platform", () => {
  const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      )
      .map((name) => `${path}: ${name}`),
  )
  expect(missing).toEqual([])
})

test("a lock that lost an engine gets its entry back as it was", () => {
  const path = "node_modules/@chdb/lib-linux-arm64-gnu"
  const { [path]: lost, ...others } = JSON.parse(lockText).packages
  expect(missingPlatforms(others)).toEqual({ [path]: lost })
  expect(missingPlatforms({ ...others, [path]: lost })).toEqual({})
})

test("an entry that comes back has the hash that the registry knows of it, and none where it knows none", () => {
  const entries = { "node_modules/@e/one": { version: "1.0.0" }, "node_modules/@e/two": { version: "2.0.0" } }
  expect(withIntegrity(entries, (named) => (named === "@e/one@1.0.0" ? "sha512-a" : ""))).toEqual({
    "node_modules/@e/one": { version: "1.0.0", integrity: "sha512-a" },
    "node_modules/@e/two": { version: "2.0.0" },
  })
})

test("the Node whose hash is known is the one of the lock", () => {
  expect(packages["node_modules/node"]?.version).toBe(nodeExecutable.version)
})

test("every version of the lock is exact, and every package but the engines of other platforms has its checksum", () => {
  const inexact = installed.filter(
    ([, { version }]) => !/^\d+\.\d+\.\d+(?:[-+][\w.-]+)?$/.test(version ?? ""),
  )
  expect(inexact.map(([path]) => path)).toEqual([])
  const unchecked = installed.filter(
    ([path, { integrity }]) => integrity === undefined && !path.includes("/@chdb/lib-"),
  )
  expect(unchecked.map(([path]) => path)).toEqual([])
})

test("the lock names no host to fetch from, so that each machine asks its own registry", () => {
  expect(
    Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined && resolved.includes(":")),
  ).toEqual([])
})
