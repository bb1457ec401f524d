import { channelOf } from "@sluice/actors/group/group.ts"
import { describe, expect, it } from "vitest"
import { configuration, settle, startActors } from "../testing/actors-in-memory.ts"
import type { Admitted, AttemptEnd, Lease } from "./lease.ts"

const failed: AttemptEnd = { outcome: "upstream_error", status: 500, ttftMs: null }
const ok: AttemptEnd = { outcome: "ok", status: 200, ttftMs: 1 }
const answered = { hasAnswer: true }

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

/** Actors whose channels, but for those named, have failed five times in a row. */
const startFailing = async (
  channels: ReadonlyArray<{ id: string } & Record<string, unknown>>,
  well: ReadonlyArray<string> = [],
) => {
  const wanted = configuration(channels.map((channel) => ({ models: ["m", channel.id], ...channel })))
  const started = await startActors({ wanted })
  for (const { id } of channels.filter((channel) => !well.includes(channel.id)))
    for (const n of [1, 2, 3, 4, 5]) {
      leaseOf(await started.ask(`${id}-${n}`, { model: id })).release(failed, true)
      await settle()
    }
  return started
}

const placesAt = ({ node }: Awaited<ReturnType<typeof startActors>>, id: string) =>
  channelOf(node.channels.get(id)!.subject.state).lanes.size

describe("C7, B10: an only account that fails", () => {
  it("is tested by the next request at once, and the others wait until it succeeds", async () => {
    const { ask } = await startFailing([{ id: "c" }])
    const test = leaseOf(await ask("r1"))
    const others = [2, 3, 4].map((n) => ask(`r${n}`))
    await settle()
    test.accepted(1)
    for (const other of others) {
      const admitted = await other
      expect(admitted).toMatchObject({ kind: "granted" })
      leaseOf(admitted).accepted(1)
      leaseOf(admitted).release(ok, true)
    }
  })

  it("is tested by one who waits when its pause is over", async () => {
    const { ask, clock } = await startFailing([{ id: "c" }])
    leaseOf(await ask("r1")).release(failed, true)
    const second = ask("r2")
    await settle()
    clock.advance(250)
    expect(leaseOf(await second).waitMs).toBe(250)
  })

  it("keeps those waiting who waited when it began to fail", async () => {
    const { ask, clock } = await startActors({ wanted: configuration([{ id: "c", maxConcurrent: 5 }]) })
    const leases: Array<Lease> = []
    for (const n of [1, 2, 3, 4, 5]) leases.push(leaseOf(await ask(`r${n}`)))
    const others = [6, 7].map((n) => ask(`r${n}`))
    await settle()
    for (const lease of leases) lease.release(failed, true)
    clock.advance(250)
    await settle()
    for (const other of others) expect(await other).toMatchObject({ kind: "granted" })
  })

  it("lets one that has an answer wait for a test as long as for a retry, and no longer", async () => {
    const { ask, clock } = await startFailing([{ id: "c" }])
    await ask("r1")
    let isOver = false
    const second = ask("r2", { ...answered, waitedMs: 7_000 }).finally(() => (isOver = true))
    await settle()
    clock.advance(1_999)
    await settle()
    expect(isOver).toBe(false)
    clock.advance(1)
    expect(await second).toMatchObject({ kind: "refused", refusal: { code: "channel_queue_timeout" } })
  })

  it("is upstream_failing where no test comes in a request's time, or nobody may wait", async () => {
    const { ask, clock } = await startFailing([{ id: "c" }])
    leaseOf(await ask("r1")).release(failed, true)
    const failing = { kind: "refused", refusal: { code: "upstream_failing", status: 503 } }
    expect(await ask("r2", { deadlineAt: clock.now() + 200 })).toMatchObject(failing)
    const { ask: askThere } = await startFailing([{ id: "c", queueSize: 0 }])
    expect(await askThere("r1")).toMatchObject({ kind: "granted" })
    expect(await askThere("r2")).toMatchObject(failing)
  })

  it("is the last place that a conversation which is bound to it has", async () => {
    const started = await startActors({ wanted: configuration([{ id: "c" }]) })
    const of = { session: { id: "s", source: "header" } as const }
    for (const n of [1, 2, 3, 4, 5])
      leaseOf(await started.ask(`f${n}`, of)).release(n === 1 ? ok : failed, true)
    await settle()
    leaseOf(await started.ask("f6", of)).release(failed, true)
    await settle()
    expect(await started.ask("r1", of)).toMatchObject({ kind: "granted" })
  })
})

describe("B2, C7: several candidates", () => {
  it("leave one that fails alone while another can serve, or be waited at", async () => {
    const started = await startFailing([{ id: "one" }, { id: "two", maxConcurrent: 1 }], ["two"])
    const { ask } = started
    expect(leaseOf(await ask("r1")).channel.id).toBe("two")
    const second = ask("r2")
    await settle()
    expect([placesAt(started, "one"), placesAt(started, "two")]).toEqual([0, 1])
    started.admission.shutDown()
    await second
  })

  it("are each tested where all fail, and the first success serves those who wait", async () => {
    const started = await startFailing([{ id: "one" }, { id: "two" }])
    const { ask } = started
    const first = leaseOf(await ask("r1"))
    const second = leaseOf(await ask("r2"))
    expect([first.channel.id, second.channel.id]).toEqual(["one", "two"])
    const third = ask("r3")
    await settle()
    expect([placesAt(started, "one"), placesAt(started, "two")]).toEqual([1, 1])
    first.release(failed, true)
    second.accepted(1)
    expect(leaseOf(await third).channel.id).toBe("two")
  })

  it("do not let a test pass a full channel that nobody may wait at", async () => {
    const { ask } = await startFailing(
      [{ id: "one" }, { id: "two", maxConcurrent: 1, queueSize: 0 }],
      ["two"],
    )
    expect(leaseOf(await ask("r1")).channel.id).toBe("two")
    expect(leaseOf(await ask("r2")).channel.id).toBe("one")
  })
})

it("C3, B10: an only account that is overloaded is waited for, and comes back one by one", async () => {
  const { ask, clock } = await startActors({ wanted: configuration([{ id: "c" }]) })
  const rejection = {
    classification: "overloaded",
    evidence: {},
    retryAfterMs: null,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: "529",
  } as const
  leaseOf(await ask("r1")).release({ outcome: "rate_limited", status: 529, ttftMs: null, rejection }, true)
  await settle()
  const granted: Array<string> = []
  const others = [2, 3, 4].map((n) =>
    ask(`r${n}`).then((admitted) => {
      granted.push(`r${n}`)
      return leaseOf(admitted)
    }),
  )
  await settle()
  clock.advance(1_000)
  await settle()
  expect(granted).toEqual(["r2"])
  const [first] = others
  ;(await first)?.accepted(1)
  await settle()
  expect(granted).toEqual(["r2", "r3"])
})
