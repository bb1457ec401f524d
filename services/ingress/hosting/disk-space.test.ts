import { tmpdir } from "node:os"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { readinessOf } from "../readiness.ts"
import { configuration, startActors } from "../testing/actors-in-memory.ts"
import { call, OpenCall, until } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"
import { DiskSpace, freeBytesOf } from "./disk-space.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }

/** A disk with so many bytes free, of which 1,000 have to be, unless something else is set. */
const diskWith = (set: { free: number | Error; min?: number }) => {
  const lines: Array<string> = []
  const say = (_: object, message: string) => void lines.push(message)
  const disk = new DiskSpace({
    freeBytes: () => (set.free instanceof Error ? Promise.reject(set.free) : Promise.resolve(set.free)),
    minFreeBytes: () => set.min ?? 1_000,
    log: { warn: say, error: say },
  })
  return { disk, lines, set }
}

describe("the disk (S9)", () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test("is looked at every second, and each way is told once", async () => {
    const { disk, lines, set } = diskWith({ free: 1_000 })
    await disk.watch()
    expect([disk.isFull, lines]).toEqual([false, []])
    set.free = 999
    await vi.advanceTimersByTimeAsync(3_000)
    expect([disk.isFull, disk.freeBytes, lines]).toEqual([
      true,
      999,
      ["the disk is nearly full: nothing new is admitted"],
    ])
    set.free = 1_000
    await vi.advanceTimersByTimeAsync(3_000)
    expect([disk.isFull, lines.slice(1)]).toEqual([false, ["the disk has room again: requests are admitted"]])
    disk[Symbol.dispose]()
    set.free = 0
    await vi.advanceTimersByTimeAsync(3_000)
    expect(disk.isFull).toBe(false)
  })

  test("is as it was where it cannot be looked at, which is told once", async () => {
    const { disk, lines, set } = diskWith({ free: 1 })
    await disk.watch()
    set.free = new Error("no answer")
    await vi.advanceTimersByTimeAsync(3_000)
    expect([disk.isFull, lines.slice(1)]).toEqual([true, ["how much of the disk is free cannot be told"]])
    disk[Symbol.dispose]()
  })

  test("is never full where the bound is 0", async () => {
    const { disk } = diskWith({ free: 0, min: 0 })
    await disk.watch()
    expect(disk.isFull).toBe(false)
    disk[Symbol.dispose]()
  })
})

test("a real disk tells how much of it is free", async () => {
  expect(await freeBytesOf(tmpdir())).toBeGreaterThan(0)
})

test("a proxy whose disk is nearly full lets what runs end, and admits nothing new (S9)", async () => {
  const { disk, set } = diskWith({ free: 5_000 })
  await disk.watch()
  let answer = (): void => undefined
  await using upstream = await startScriptedUpstream((response) => {
    answer = () => sendJson(response, 200, {})
  })
  const { node } = await startActors({ wanted: configuration([{ id: "c" }]) })
  const eventLog = {
    takesNew: () => true,
    health: () => ({ eventLog: "connected", spoolBytes: 0, spoolCommits: 0, degraded: [] }) as const,
  }
  const options = {
    isDiskFull: () => disk.isFull,
    readiness: () => readinessOf(node, eventLog, { disk, isShuttingDown: false, channels: [] }),
  }
  const ingress = await startScriptedIngress({ places: [placeAt(upstream.url)], options })
  const ready = () => call(ingress.url, { path: "/readyz", method: "GET" })
  const running = new OpenCall(ingress.url, { body })
  await until(() => upstream.seen.length === 1, "one is in flight")
  expect((await ready()).status).toBe(200)
  set.free = 0
  await until(() => disk.isFull, "the next look finds it full")
  const refused = await call(ingress.url, { body })
  expect([refused.status, JSON.parse(refused.body.toString()).error.code]).toEqual([503, "disk_full"])
  expect(refused.headers["retry-after"]).toBe("10")
  const { status, body: told } = await ready()
  expect([status, JSON.parse(told.toString())]).toMatchObject([
    503,
    { ready: false, diskFull: true, freeDiskBytes: 0 },
  ])
  answer()
  expect((await running.answer()).status).toBe(200)
  set.free = 5_000
  await until(() => !disk.isFull, "it has room again")
  const again = new OpenCall(ingress.url, { body })
  await until(() => upstream.seen.length === 2, "it reaches the upstream")
  answer()
  expect((await again.answer()).status).toBe(200)
  await ingress[Symbol.asyncDispose]()
  disk[Symbol.dispose]()
  // What there is no room for is only counted.
  expect(ingress.refused).toMatchObject([{ client: "local", code: "disk_full", status: 503, count: 1 }])
  expect(ingress.admission.completed.map(({ code }) => code)).toEqual(["ok", "ok"])
})
