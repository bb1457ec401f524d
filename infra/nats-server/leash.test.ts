import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"

const started: Array<ReturnType<typeof spawn>> = []
afterEach(() => void started.splice(0).map((one) => one.kill("SIGKILL")))

/** A process that runs until it is ended, and says so when it is asked to. */
const sleeper = async (script = "") => {
  const child = spawn(
    process.execPath,
    ["-e", `${script}; console.log("ready"); setInterval(() => {}, 1000)`],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  )
  started.push(child)
  await once(child.stdout, "data")
  return { pid: child.pid ?? 0, end: once(child, "exit") }
}

/** A process that holds others on leashes. */
const holderOf = async (...pids: ReadonlyArray<number>) => {
  const module = JSON.stringify(join(import.meta.dirname, "leash.ts"))
  const script = `const { holdOnLeash } = await import(${module})
    for (const pid of ${JSON.stringify(pids)}) holdOnLeash(pid)
    console.log("held"); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  started.push(child)
  await once(child.stdout, "data")
  return child
}

test("a process ends when its holder is killed, one that takes no notice by force", async () => {
  const [willing, deaf] = await Promise.all([sleeper(), sleeper('process.on("SIGTERM", () => {})')])
  const holder = await holderOf(willing.pid, deaf.pid)
  holder.kill("SIGKILL")
  expect(await willing.end).toEqual([null, "SIGTERM"])
  expect(await deaf.end).toEqual([null, "SIGKILL"])
}, 60_000)

test("a process that was let go of outlives its holder, and its holder is not kept waiting by the leash", async () => {
  const { pid, end } = await sleeper()
  const module = JSON.stringify(join(import.meta.dirname, "leash.ts"))
  const script = `const { holdOnLeash } = await import(${module}); holdOnLeash(${pid})[Symbol.dispose]()`
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" })
  expect(await once(holder, "exit")).toEqual([0, null])
  const { pid: other, end: otherEnd } = await sleeper()
  const killed = await holderOf(other)
  killed.kill("SIGKILL")
  // The second one is over, so the first would be.
  await otherEnd
  expect(process.kill(pid, 0)).toBe(true)
  process.kill(pid, "SIGTERM")
  await end
}, 60_000)
