import { spawn } from "node:child_process"
import { once } from "node:events"
import { expect, test } from "vitest"
import { isStillRunning, processIdentity } from "./process-identity.ts"

test("a process keeps its identity while it runs and has none afterwards", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"])
  await once(child, "spawn")
  const known = { pid: child.pid ?? 0, identity: processIdentity(child.pid ?? 0) ?? "" }
  expect(known.identity).not.toBe("")
  expect(isStillRunning(known)).toBe(true)
  child.kill("SIGKILL")
  await once(child, "exit")
  expect(isStillRunning(known)).toBe(false)
})

test("another process under the same id is not taken for the one that was known", () => {
  const own = processIdentity(process.pid) ?? ""
  expect(isStillRunning({ pid: process.pid, identity: own })).toBe(true)
  expect(isStillRunning({ pid: process.pid, identity: `${own}0` })).toBe(false)
})
