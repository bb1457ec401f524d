import { mkdir, mkdtempDisposable, rename, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { expect, test, vi } from "vitest"
import { refusedBinding } from "./binding.ts"
import { type Configuration, readConfiguration } from "./configuration.ts"
import { type ConfigurationListener, watchConfiguration } from "./watch-configuration.ts"

const text = (note: string, credential = "") => `pools: []
channels:
  - { id: a, note: ${note}, protocol: openai, baseUrl: http://a, models: [m], accounts: [${credential}] }
`

/** Watches a file and keeps what it is told. */
const watched = async (
  file: string,
  {
    current,
    refusal = () => undefined,
  }: Partial<Pick<ConfigurationListener, "refusal">> & {
    current?: Configuration
  } = {},
) => {
  const notes: Array<string> = []
  const errors: Array<string> = []
  const changes: Array<Configuration> = []
  const watch = watchConfiguration(current ?? (await Effect.runPromise(readConfiguration(file))), {
    refusal,
    onChange: (next) => {
      changes.push(next)
      notes.push(next.wanted.channels[0]?.note ?? "")
    },
    onInvalid: (error) => errors.push(error.message),
  })
  return { notes, errors, changes, [Symbol.dispose]: () => watch[Symbol.dispose]() }
}

const eventually = (assertion: () => void) => vi.waitFor(assertion, { timeout: 5_000, interval: 20 })

const inFolder = async (use: (folder: string) => Promise<void>) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-watch-"))
  await use(folder.path)
}

// One change may be seen by the reading at the start, and a second by the same look at the file; a third needs a look of its own.
const several = ["two", "three", "four"]

test("a file that is written anew is a change each time", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    using watch = await watched(file)
    for (const [n, note] of several.entries()) {
      await writeFile(file, text(note))
      await eventually(() => expect(watch.notes).toHaveLength(n + 1))
    }
    expect(watch.notes).toEqual(several)
  }))

test("a file that is replaced by rename, as editors do, is a change each time", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    using watch = await watched(file)
    for (const [n, note] of several.entries()) {
      await writeFile(`${file}.new`, text(note))
      await rename(`${file}.new`, file)
      await eventually(() => expect(watch.notes).toHaveLength(n + 1))
    }
    expect(watch.notes).toEqual(several)
  }))

test("a folder that is swapped behind symbolic links is a change each time", () =>
  inFolder(async (folder) => {
    const point = async (to: string) => {
      await mkdir(join(folder, to))
      await writeFile(join(folder, to, "sluice.yaml"), text(to))
      await symlink(to, join(folder, "next"))
      await rename(join(folder, "next"), join(folder, "data"))
    }
    await point("one")
    await symlink("data/sluice.yaml", join(folder, "sluice.yaml"))
    using watch = await watched(join(folder, "sluice.yaml"))
    for (const [n, to] of several.entries()) {
      await point(to)
      await eventually(() => expect(watch.notes).toHaveLength(n + 1))
    }
    expect(watch.notes).toEqual(several)
  }))

test("an invalid file changes nothing and says why, once; the next valid one counts", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    using watch = await watched(file)
    await writeFile(file, `${text("two")}colour: red\n`)
    await eventually(() => expect(watch.errors).toHaveLength(1))
    expect(watch.errors[0]).toContain("colour: is not a field")
    expect(watch.notes).toEqual([])
    await writeFile(file, text("three"))
    await eventually(() => expect(watch.notes).toEqual(["three"]))
    expect(watch.errors).toHaveLength(1)
  }))

test("a valid file that takes the keys from callers beyond this machine changes nothing and says why, once (S9)", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(join(folder, "key.txt"), "a-key-of-alice-000")
    const clients = "clients: [{ id: alice, key: file:key.txt }]\n"
    await writeFile(file, text("one") + clients)
    using watch = await watched(file, { refusal: (next) => refusedBinding("0.0.0.0", next) })
    await writeFile(file, text("two"))
    await eventually(() => expect(watch.errors).toHaveLength(1))
    expect(watch.errors[0]).toBe(
      `${file}: clients: must not be empty while the proxy listens on 0.0.0.0: without client keys anyone who reaches it could call`,
    )
    expect(watch.notes).toEqual([])
    await writeFile(file, text("three") + clients)
    await eventually(() => expect(watch.notes).toEqual(["three"]))
    expect(watch.errors).toHaveLength(1)
  }))

test("a secret's file that changes is a change each time; its old content is gone", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(join(folder, "key.txt"), "one")
    await writeFile(file, text("same", "{ id: k, credential: file:key.txt }"))
    using watch = await watched(file)
    for (const [n, key] of several.entries()) {
      await writeFile(join(folder, "key.txt"), key)
      await eventually(() => expect(watch.changes).toHaveLength(n + 1))
    }
    expect(watch.changes.map(({ credentialOf }) => credentialOf("k"))).toEqual(several)
  }))

test("the same content written again is no change", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    using watch = await watched(file)
    await writeFile(`${file}.new`, text("one"))
    await rename(`${file}.new`, file)
    await writeFile(`${file}.new`, text("two"))
    await rename(`${file}.new`, file)
    await eventually(() => expect(watch.notes).toContain("two"))
    expect(watch.notes).toEqual(["two"])
  }))

test("nothing is told any more after the watch was disposed of", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    using still = await watched(file)
    const ended = await watched(file)
    ended[Symbol.dispose]()
    for (const [n, note] of several.entries()) {
      await writeFile(file, text(note))
      await eventually(() => expect(still.notes).toHaveLength(n + 1))
    }
    expect(ended.notes).toEqual([])
  }))

test("a change before the watching began is still seen", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    const before = await Effect.runPromise(readConfiguration(file))
    await writeFile(file, text("two"))
    using watch = await watched(file, { current: before })
    await eventually(() => expect(watch.notes).toEqual(["two"]))
  }))

test("a file that became invalid for want of a secret is valid once the secret is there", () =>
  inFolder(async (folder) => {
    const file = join(folder, "sluice.yaml")
    await writeFile(file, text("one"))
    using watch = await watched(file)
    await writeFile(file, text("two", "{ id: k, credential: file:key.txt }"))
    await eventually(() => expect(watch.errors).toHaveLength(1))
    await writeFile(join(folder, "key.txt"), "sk-late")
    await eventually(() => expect(watch.notes).toEqual(["two"]))
    expect(watch.errors).toHaveLength(1)
  }))
