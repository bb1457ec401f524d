import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs"
import { mkdtempDisposable } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { DirectoryInUse, lockDirectory } from "./directory-lock.ts"
import { requireSpace, unusable } from "./unusable-directory.ts"

const temporaryDirectory = () => mkdtempDisposable(join(tmpdir(), "sluice-lock-"))

/** A process that holds the directory until it is killed. */
const holderOf = async (directory: string) => {
  const module = join(import.meta.dirname, "directory-lock.ts")
  const script = `const { lockDirectory } = await import(${JSON.stringify(module)})
    globalThis.lock = lockDirectory(${JSON.stringify(directory)}); console.log("held"); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  await once(child.stdout, "data")
  return child
}

test("a directory that this process holds is refused a second time, and free again after its release", async () => {
  await using folder = await temporaryDirectory()
  const lock = lockDirectory(folder.path)
  expect(() => lockDirectory(folder.path)).toThrow(DirectoryInUse)
  lock[Symbol.dispose]()
  lock[Symbol.dispose]()
  using again = lockDirectory(folder.path)
  expect(again).toBeDefined()
})

test("a directory that another process holds is refused by that process's id, until it is killed", async () => {
  await using folder = await temporaryDirectory()
  const holder = await holderOf(folder.path)
  expect(() => lockDirectory(folder.path)).toThrow(
    `the directory ${folder.path} is in use by process ${holder.pid}`,
  )
  holder.kill("SIGKILL")
  await once(holder, "exit")
  using lock = lockDirectory(folder.path)
  expect(lock).toBeDefined()
})

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

test("a directory and its lock are closed to other users, who could hold what they can read", async () => {
  await using folder = await temporaryDirectory()
  const open = join(folder.path, "open")
  mkdirSync(open)
  chmodSync(open, 0o755)
  writeFileSync(join(open, "lock"), "", { mode: 0o644 })
  for (const directory of [open, join(folder.path, "new", "deep")]) {
    using lock = lockDirectory(directory)
    expect([modeOf(directory), modeOf(join(directory, "lock"))]).toEqual(["700", "600"])
    expect(lock).toBeDefined()
  }
})

test("taking a directory a second time does not let go of the first lock", async () => {
  await using folder = await temporaryDirectory()
  using lock = lockDirectory(folder.path)
  expect(() => lockDirectory(folder.path)).toThrow(DirectoryInUse)
  const module = JSON.stringify(join(import.meta.dirname, "directory-lock.ts"))
  const script = `const { lockDirectory } = await import(${module}); lockDirectory(${JSON.stringify(folder.path)})`
  const other = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" })
  expect(other.stderr).toContain(`is in use by process ${process.pid}`)
  expect(lock).toBeDefined()
})

test("where a file stands in the way, the line names it", async () => {
  await using folder = await temporaryDirectory()
  const file = join(folder.path, "file")
  writeFileSync(file, "")
  expect(() => lockDirectory(file)).toThrow(
    `the directory ${file} cannot be used: ${file} is a file, not a directory (EEXIST)`,
  )
  expect(() => lockDirectory(join(file, "below"))).toThrow(
    `the directory ${join(file, "below")} cannot be used: ${file} is a file, not a directory (ENOTDIR)`,
  )
})

test.each([
  ["ENOSPC", /: no space is left on its disk \(\d+\.\d of \d+\.\d MiB free\) \(ENOSPC\)$/],
  ["EROFS", /: its file system can only be read \(EROFS\)$/],
  ["EACCES", /: this user \(id \d+\) may not write there \(EACCES\)$/],
  ["EIO", /: its file system refuses it \(EIO\)$/],
])("an error %s of the file system is told in words, with the directory", async (code, words) => {
  await using folder = await temporaryDirectory()
  const { message } = unusable(folder.path, Object.assign(new Error("failed"), { code }))
  expect(message).toMatch(words)
  expect(message).toContain(folder.path)
})

test("an error of SQLite that the file system does not share is told in its own words", async () => {
  await using folder = await temporaryDirectory()
  const failed = Object.assign(new Error("file is not a database"), { code: "ERR_SQLITE_ERROR", errcode: 26 })
  expect(unusable(folder.path, failed).message).toMatch(/: file is not a database$/)
})

test("behind a vague error the file system itself is asked", () => {
  const vague = Object.assign(new Error("unable to open database file"), { code: "ERR_SQLITE_ERROR" })
  expect(unusable("/dev/null", vague).message).toMatch(
    /: \/dev\/null is a file, not a directory \(ENOTDIR\)$/,
  )
})

test("a disk that is all but full is refused with what is free and what is needed", async () => {
  await using folder = await temporaryDirectory()
  expect(() => requireSpace(folder.path, 1)).not.toThrow()
  expect(() => requireSpace(folder.path, 2 ** 60)).toThrow(
    /^the directory \S+ cannot be used: too little space is left on its disk \(\d+\.\d of \d+\.\d MiB free, \d+ MiB are needed\)$/,
  )
})
