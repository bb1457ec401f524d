import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import { describe, expect, it } from "vitest"
import type { Admitted, Lease } from "../admission/lease.ts"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"
import { WaitingForLog } from "./waiting-for-log.ts"

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

const usage = {
  model: "m",
  tokens: { input: 1, output: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  complete: true,
  estimated: false,
}

const startWaiting = async () => {
  const waiting = new WaitingForLog()
  let takesNew = true
  const actors = await startActors({
    wanted: configuration([{ id: "c", maxConcurrent: 2 }]),
    takesNew: () => takesNew,
    untilStored: (stored) => waiting.until(stored),
  })
  return { ...actors, waiting, setTakesNew: (takes: boolean) => void (takesNew = takes) }
}

describe("L9: a log with no room for new work", () => {
  it("admits nothing new, in words of its own, and lets what runs end", async () => {
    const { ask, setTakesNew } = await startWaiting()
    const lease = leaseOf(await ask("r1"))
    setTakesNew(false)
    expect(await ask("r2")).toMatchObject({
      kind: "refused",
      refusal: { code: "event_log_unavailable", status: 503, retryAfterMs: 1_000 },
    })
    await lease.meter(usage)
    setTakesNew(true)
    leaseOf(await ask("r3"))
  })
})

describe("L9, E3: when nothing can be stored any more", () => {
  it("whoever waits for the log is told so at once, and what was decided is stored when it can be", async () => {
    const { ask, log, clock, waiting } = await startWaiting()
    const lease = leaseOf(await ask("r1"))
    await lease.committed
    log.fault = "lost"
    const metered = lease.meter(usage)
    await settle()
    waiting.giveUp("the disk is full")
    await expect(metered).rejects.toEqual(new LogUnavailable({ reason: "the disk is full" }))
    await expect(lease.meter({ ...usage, model: "n" })).rejects.toBeInstanceOf(LogUnavailable)
    log.fault = "none"
    clock.advance(1_000)
    await settle()
    const used = (await factsIn(log)).filter(({ type }) => type === "account.usage_recorded")
    expect(used).toHaveLength(1)
  })

  it("is over when something can be stored again", async () => {
    const { ask, waiting } = await startWaiting()
    waiting.giveUp("the disk is full")
    const first = leaseOf(await ask("r1"))
    await expect(first.committed).rejects.toBeInstanceOf(LogUnavailable)
    waiting.resume()
    await leaseOf(await ask("r2")).committed
  })
})

describe("L6: while memory runs as far ahead of the log as it may", () => {
  const startHeld = async () => {
    const actors = await startActors({ wanted: configuration([{ id: "c" }]) })
    const { append } = actors.log
    const held = Promise.withResolvers<void>()
    actors.log.append = (commit) => held.promise.then(() => append(commit))
    return { ...actors, held }
  }

  it("new requests wait for it to store, in order, and none is refused", async () => {
    const { ask, node, held, log } = await startHeld()
    const admitted: Array<string> = []
    const names = Array.from({ length: 900 }, (_, n) => `r${n}`)
    const asked = names.map((request) =>
      ask(request).then((answer) => {
        admitted.push(request)
        return leaseOf(answer).committed
      }),
    )
    await settle()
    expect(admitted.length).toBeLessThan(names.length)
    expect(node.channels.get("c")!.subject.isAccepting).toBe(false)
    held.resolve()
    await Promise.all(asked)
    expect(admitted).toEqual(names)
    const granted = (await factsIn(log)).filter(({ type }) => type === "channel.acquired")
    expect(granted).toHaveLength(names.length)
  })

  it("they are refused as soon as it is known that the log does not answer", async () => {
    const { ask, held } = await startHeld()
    const asked = Array.from({ length: 900 }, (_, n) => ask(`r${n}`))
    await settle()
    held.reject(new LogUnavailable({ reason: "no answer" }))
    const refused = await asked[899]
    expect(refused).toMatchObject({ kind: "refused", refusal: { code: "event_log_unavailable" } })
  })

  it("a client that leaves meanwhile is granted nothing", async () => {
    const { ask, held, log } = await startHeld()
    const leaving = new AbortController()
    const asked = Array.from({ length: 900 }, (_, n) =>
      ask(`r${n}`, n === 899 ? { signal: leaving.signal } : {}),
    )
    await settle()
    leaving.abort()
    held.resolve()
    expect(await asked[899]).toMatchObject({ kind: "left" })
    await settle()
    const granted = (await factsIn(log)).filter(({ type }) => type === "channel.acquired")
    expect(granted.some((fact) => "request" in fact && fact.request === "r899")).toBe(false)
  })
})
