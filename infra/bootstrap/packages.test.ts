import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { packagesAreInstalled, unpinnedHere } from "./packages.mjs"

const installed = {
  events: { version: "0.1.0" },
  "node_modules/@sluice/events": { resolved: "events", link: true },
  "node_modules/plain": { version: "1.0.0", integrity: "sha512-a" },
}

const locked = {
  "": { version: "0.1.0" },
  ...installed,
  "node_modules/elsewhere": { version: "1.0.0", optional: true },
}

const answerFor = async (record: Record<string, object> | undefined) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-packages-"))
  await writeFile(join(folder.path, "package-lock.json"), JSON.stringify({ packages: locked }))
  if (record !== undefined) {
    await mkdir(join(folder.path, "node_modules"))
    await writeFile(
      join(folder.path, "node_modules/.package-lock.json"),
      JSON.stringify({ packages: record }),
    )
  }
  return packagesAreInstalled(folder.path)
}

test("packages as in the lock are installed, those of another platform aside", async () => {
  expect(await answerFor(installed)).toBe(true)
})

test.each([
  ["none are there", undefined],
  ["npm recorded nothing", {}],
  [
    "one has another version",
    { ...installed, "node_modules/plain": { version: "1.0.1", integrity: "sha512-a" } },
  ],
  [
    "one has another content",
    { ...installed, "node_modules/plain": { version: "1.0.0", integrity: "sha512-b" } },
  ],
  ["one is too many", { ...installed, "node_modules/old": { version: "1.0.0" } }],
  ["a workspace is not linked", { "node_modules/plain": installed["node_modules/plain"] }],
])("packages are to be installed when %s", async (_case, record) => {
  expect(await answerFor(record)).toBe(false)
})

test("a package without a hash is only one that would be installed on its own platform", () => {
  const packages = new Map([
    ["", {}],
    ["node_modules/@sluice/events", { link: true }],
    ["node_modules/plain", { integrity: "sha512-a" }],
    ["node_modules/@engine/lib-darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
  ])
  expect(unpinnedHere(packages, { platform: "darwin", arch: "arm64" })).toEqual(["@engine/lib-darwin-arm64"])
  expect(unpinnedHere(packages, { platform: "darwin", arch: "x64" })).toEqual([])
  expect(unpinnedHere(packages, { platform: "linux", arch: "arm64" })).toEqual([])
})
