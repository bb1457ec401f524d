import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { packageManifests } from "./package-manifest.ts"
import { root } from "./source-file.ts"

const Graph = Schema.Struct({
  graph: Schema.Struct({
    dependencies: Schema.Record(Schema.String, Schema.Array(Schema.Struct({ target: Schema.String }))),
  }),
})

test("Nx finds the packages by itself, and the arrows between them are those that they declare", async () => {
  const nx = join(root, "node_modules/nx/dist/bin/nx.js")
  const { stdout } = await promisify(execFile)(process.execPath, [nx, "graph", "--file=stdout"], {
    cwd: root,
    env: { ...process.env, NX_DAEMON: "false" },
    maxBuffer: 64 * 1024 * 1024,
  })
  const { dependencies } = Schema.decodeUnknownSync(Schema.fromJsonString(Graph))(stdout).graph
  const seen = Object.entries(dependencies).map(([name, targets]) => [
    name,
    targets.map(({ target }) => target).toSorted(),
  ])
  const workspaces = packageManifests().filter(({ folder }) => folder !== ".")
  const declared = workspaces.map((one) => {
    const own = Object.keys(one.dependencies).filter((name) => name.startsWith("@sluice/"))
    return [one.name, own.toSorted()]
  })
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(declared))
})
