import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Option } from "effect"
import { expect, test } from "vitest"
import { askChild } from "./asked-child.ts"

/** A process that answers as the services do, and writes to a log that takes nothing. */
const script = `
import { WriteWatch } from ${JSON.stringify(import.meta.resolve("@sluice/infra/event-log/failing-writes.ts"))}
import { answerSupervisor } from ${JSON.stringify(import.meta.resolve("@sluice/infra/process/supervised.ts"))}
const writes = new WriteWatch()
writes.failed("no acknowledgement")
answerSupervisor(writes)
process.send({ ready: true })
`

test("a process answers, with what becomes of its writes, as long as its event loop turns, and is forgotten when it has ended", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sluice-asked-"))
  const file = join(directory, "process.mts")
  await writeFile(file, script)
  const child = fork(file)
  try {
    const told: Array<unknown> = []
    const asking = askChild(child, (failing) => void told.push(failing))
    await once(child, "message")
    const listening = child.listenerCount("message")
    for (let asked = 0; asked < 3; asked += 1) await Effect.runPromise(asking)
    expect(told).toHaveLength(3)
    expect(told[0]).toMatchObject({ tries: 1, reason: "no acknowledgement" })
    expect(child.listenerCount("message")).toBe(listening)
    child.kill("SIGSTOP")
    const whileStopped = await Effect.runPromise(Effect.timeoutOption(asking, 200))
    expect(Option.isNone(whileStopped)).toBe(true)
    child.kill("SIGKILL")
    await once(child, "exit")
    expect(told.at(-1)).toBeNull()
  } finally {
    child.kill("SIGKILL")
    await rm(directory, { recursive: true, force: true })
  }
})
