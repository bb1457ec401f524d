import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempDisposable } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { DirectoryInUse, lockDirectory } from "./directory-lock.ts"

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
