import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { root } from "./source-file.ts"

const Bill = Schema.Struct({
  bomFormat: Schema.Literal("CycloneDX"),
  components: Schema.Array(Schema.Struct({ name: Schema.String, version: Schema.String })),
})
const Lock = Schema.Struct({
  packages: Schema.Record(
    Schema.String,
    Schema.Struct({ version: Schema.optional(Schema.String), link: Schema.optional(Schema.Boolean) }),
  ),
})

test("npm run sbom gives a CycloneDX document with every package of the lock", async () => {
  const options = { cwd: root, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "sbom"], options)
  const { components } = Schema.decodeUnknownSync(Schema.fromJsonString(Bill))(stdout)
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`))
  const lock = readFileSync(join(root, "package-lock.json"), "utf8")
  const { packages } = Schema.decodeUnknownSync(Schema.fromJsonString(Lock))(lock)
  const locked = Object.entries(packages).flatMap(([path, { version, link }]) => {
    const name = path.split("node_modules/").at(-1) ?? ""
    return path.includes("node_modules/") && link !== true ? [`${name}@${version}`] : []
  })
  expect(locked.filter((named) => !listed.has(named))).toEqual([])
  expect(locked.length).toBeGreaterThan(300)
}, 60_000)
