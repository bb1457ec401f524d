import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test, vi } from "vitest"
import { compareVersions, findNatsServer, isRecent } from "./find-nats-server.mjs"
import { fromRelease } from "./nats-server-from-release.mjs"

const temporaryDirectory = () => mkdtempDisposable(join(tmpdir(), "sluice-install-"))

afterEach(() => void vi.unstubAllEnvs())

/** A program that says of itself to be a nats-server of that version. */
const program = (version: string) => `#!/bin/sh\necho "nats-server: v${version}"\n`

const platform = `${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`

/** A place of releases on this machine, with the sum of its archive, or another one. */
const releases = async (folder: string, sum: "right" | "wrong") => {
  const name = `nats-server-v2.14.5-${platform}`
  await mkdir(join(folder, name))
  await writeFile(join(folder, name, "nats-server"), program("2.14.5"), { mode: 0o755 })
  execFileSync("tar", ["-czf", "archive.tar.gz", name], { cwd: folder })
  const archive = await readFile(join(folder, "archive.tar.gz"))
  const digest = createHash("sha256")
    .update(sum === "right" ? archive : "something else")
    .digest("hex")
  const sums = `${"0".repeat(64)}  other.tar.gz\n${digest}  ${name}.tar.gz\n`
  const served = new Map([
    ["/v2.14.5/SHA256SUMS", Buffer.from(sums)],
    [`/v2.14.5/${name}.tar.gz`, archive],
  ])
  const server = createServer((request, response) => {
    const body = served.get(request.url ?? "")
    response.writeHead(body === undefined ? 404 : 200).end(body)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const pinned = { version: "2.14.5", sha256: { [platform]: digest } }
  return {
    from: `http://127.0.0.1:${port}`,
    pinned,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

test("a release archive that has the known sum is unpacked and runs", async () => {
  await using source = await temporaryDirectory()
  await using folder = await temporaryDirectory()
  await using server = await releases(source.path, "right")
  const binary = await fromRelease(folder.path, server)
  expect(isRecent(binary)).toBe(true)
})

test("a release archive with another sum is refused", async () => {
  await using source = await temporaryDirectory()
  await using folder = await temporaryDirectory()
  await using server = await releases(source.path, "wrong")
  await expect(fromRelease(folder.path, server)).rejects.toThrow(
    "does not have the SHA-256 that this repository knows",
  )
})

test("a release of which no sum is known is only taken by its own where the operator says so", async () => {
  await using source = await temporaryDirectory()
  await using folder = await temporaryDirectory()
  await using server = await releases(source.path, "right")
  const unknown = { from: server.from, pinned: { version: "2.14.5", sha256: {} } }
  await expect(fromRelease(folder.path, unknown)).rejects.toThrow(
    /knows no hash of nats-server .* SLUICE_ALLOW_UNPINNED=1/,
  )
  vi.stubEnv("SLUICE_ALLOW_UNPINNED", "1")
  expect(isRecent(await fromRelease(folder.path, unknown))).toBe(true)
})

test("a release that cannot be fetched is told with what to do instead", async () => {
  await using source = await temporaryDirectory()
  await using folder = await temporaryDirectory()
  await using server = await releases(source.path, "right")
  const failed = fromRelease(folder.path, { ...server, from: `${server.from}/elsewhere` })
  await expect(failed).rejects.toThrow(
    /could not be fetched \(status 404\): install nats-server 2\.12\.3 or newer yourself/,
  )
})

test("the server that SLUICE_NATS_SERVER names is taken if it is recent, and no other in its place", async () => {
  await using folder = await temporaryDirectory()
  const file = join(folder.path, "nats-server")
  vi.stubEnv("SLUICE_NATS_SERVER", file)
  await writeFile(file, program("2.12.3"), { mode: 0o755 })
  expect(findNatsServer()).toBe(file)
  await writeFile(file, program("2.12.2"))
  expect(findNatsServer()).toBeUndefined()
})

test("versions are compared by number", () => {
  expect(compareVersions("2.9.30", "2.12.3")).toBeLessThan(0)
  expect(compareVersions("2.12.10", "2.12.3")).toBeGreaterThan(0)
  expect(compareVersions("2.12.3", "2.12.3")).toBe(0)
})
