import { channelOf } from "@sluice/actors/group/group.ts"
import { decodeCommit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import { channelSubject, configurationSubject, ingressSubject } from "@sluice/events/identifier.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openRepairedLog } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { describe, expect, it } from "vitest"
import { readinessOf } from "../readiness.ts"
import { configuration, settle, startActors } from "../testing/actors-in-memory.ts"

const account = (id: string) => ({ id, credential: "env:KEY", concurrency: 2 })
const wanted = configuration([
  { id: "c", accounts: [account("a")] },
  { id: "d", accounts: [account("b")] },
])
const by = "api:test"
const healthyLog = {
  takesNew: () => true,
  health: () => ({ eventLog: "connected", spoolBytes: 0, spoolCommits: 0, degraded: [] }) as const,
}

/** Puts a commit behind the last one of a subject, as a process without checks would have. */
const plant = async (log: EventLog, subject: string, facts: ReadonlyArray<object> | string) => {
  const tail = await log.last(subject)
  if (tail === undefined) throw new Error(`${subject} is empty`)
  const { version, epoch, at, node } = decodeCommit(tail.body)
  const id = `planted-${version + 1}`
  const commit = { commit: id, version: version + 1, at, node, epoch, schema: schemaNumber, facts }
  const body = typeof facts === "string" ? facts : JSON.stringify(commit)
  const sequence = await log.append({ subject, id, body, expectedSequence: tail.sequence })
  return { id, sequence, at }
}

/** A log on which a request was granted a slot at `c`, whose process is dead. */
const afterGrant = async () => {
  const log = createMemoryLog()
  const { ask, node, clock } = await startActors({ wanted, log })
  const admitted = await ask("r1")
  if (admitted.kind !== "granted") throw new Error("no slot was granted")
  await settle()
  await node.channels.get("c")?.subject.settled
  return { log, at: clock.now() }
}

const usage = (at: number, costNanoUsd: number): object => ({
  actor: "account/a",
  type: "account.usage_recorded",
  at,
  request: "r1",
  attempt: 1,
  lease: "r1.1",
  client: "alice",
  model: "m",
  tokens: { input: 2 ** 60, output: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  standardCostNanoUsd: costNanoUsd,
  costNanoUsd,
  multiplier: 1,
  priced: true,
  complete: true,
  estimated: false,
  prices: "test",
})

const released = (actor: string, at: number): object => ({
  actor,
  type: actor.startsWith("channel/") ? "channel.released" : "account.released",
  at,
  request: "r1",
  attempt: 1,
  lease: "r1.1",
  ...(actor.startsWith("channel/") ? { account: "a" } : { startedAt: at }),
  outcome: "ok",
  status: 200,
  holdMs: 2 ** 70,
  ttftMs: 1,
  inFlight: 0,
})

describe("L11: a commit that no reader accepts", () => {
  it("closes its channel alone, by name, and the others serve", async () => {
    const { log, at } = await afterGrant()
    const { id, sequence } = await plant(log, channelSubject("c"), [usage(at, 2 ** 60)])
    const { node, operate, troubles, ask } = await startActors({ wanted, log })
    expect(troubles.some((trouble) => trouble.startsWith("channel/c stays closed"))).toBe(true)
    expect(node.stopped).toMatchObject([{ actor: "channel/c", commit: id, sequence }])
    expect(await operate({ type: "stopped" })).toMatchObject({ value: [{ actor: "channel/c", commit: id }] })
    const { value } = await operate({ type: "diagnose", model: null })
    expect(value).toHaveLength(3)
    expect(value).toContainEqual(expect.objectContaining({ channel: "c", account: null, reason: "closed" }))
    expect(await ask("r2")).toMatchObject({ kind: "granted", lease: { channel: { id: "d" } } })
    const ready = (channels: ReadonlyArray<string>) =>
      readinessOf(node, healthyLog, {
        isShuttingDown: false,
        disk: { isFull: false, freeBytes: 1 },
        channels,
      })
    expect(ready(["c", "d"])).toMatchObject({ ok: true, body: { closed: [{ actor: "channel/c" }] } })
    expect(ready(["c"]).ok).toBe(false)
    expect(await operate({ type: "reset", actor: "channel/c", by })).toMatchObject({
      ok: false,
      message: expect.stringContaining("sluice repair channel/c") as string,
    })
  })

  it("is set aside by a repair: what can be read of it holds, and every later start reads it so", async () => {
    const { log, at } = await afterGrant()
    const facts = [
      usage(at, 2 ** 60),
      released("channel/c", at),
      released("account/a", at),
      { actor: "account/a", type: "account.vanished", at },
    ]
    const { id } = await plant(log, channelSubject("c"), facts)
    const { operate, node, ask } = await startActors({ wanted, log })
    const trial = await operate({ type: "repair", actor: "channel/c", by, isTrial: true })
    expect(trial).toMatchObject({ ok: true, value: [{ commit: id, kept: 3, left: [expect.any(String)] }] })
    expect(node.stopped).toHaveLength(1)
    expect(await operate({ type: "repair", actor: "channel/c", by, isTrial: false })).toMatchObject({
      ok: true,
      message: "channel/c is open again",
      value: [{ commit: id, kept: 3 }],
    })
    expect(node.stopped).toEqual([])
    expect(channelOf(node.channels.get("c")!.subject.state).leases.size).toBe(0)
    expect(await ask("r3")).toMatchObject({ kind: "granted", lease: { channel: { id: "c" } } })
    const again = await startActors({ wanted, log })
    expect(again.node.stopped).toEqual([])
    expect(channelOf(again.node.channels.get("c")!.subject.state).leases.size).toBe(0)
  })

  it("is held to the clamped figures by whoever reads the log", async () => {
    const { log, at } = await afterGrant()
    const { sequence } = await plant(log, channelSubject("c"), [usage(at, 2 ** 60)])
    const { operate } = await startActors({ wanted, log })
    await operate({ type: "repair", actor: "channel/c", by, isTrial: false })
    const shown = await (await openRepairedLog(log)).at(sequence)
    const [fact] = decodeCommit(shown?.body ?? "").facts as ReadonlyArray<Extract<Fact, { lease: string }>>
    expect(fact).toMatchObject({
      type: "account.usage_recorded",
      lease: "r1.1",
      standardCostNanoUsd: 1_000_000_000_000,
    })
  })

  it.each([
    ["that is no JSON", "{"],
    ["without facts", "{}"],
    ["whose facts are no objects", JSON.stringify({ facts: [1, null, "x"] })],
  ])("%s is set aside whole, and leases that it may have ended end by the recovery", async (_, body) => {
    const { log } = await afterGrant()
    await plant(log, channelSubject("c"), body)
    const { operate, node } = await startActors({ wanted, log })
    expect(await operate({ type: "repair", actor: "channel/c", by, isTrial: false })).toMatchObject({
      ok: true,
      value: [{ kept: 0 }],
    })
    expect(channelOf(node.channels.get("c")!.subject.state).leases.size).toBe(0)
  })

  it("of several is set aside with the others, one after the other", async () => {
    const { log, at } = await afterGrant()
    const first = await plant(log, channelSubject("c"), [usage(at, 2 ** 60)])
    const tail = await log.last(channelSubject("c"))
    const { version, epoch } = JSON.parse(tail!.body) as { version: number; epoch: number }
    const head = { commit: "second", version: version + 1, at, node: "n1", epoch, schema: schemaNumber }
    const body = JSON.stringify({ ...head, facts: [released("channel/c", at), released("channel/c", at)] })
    await log.append({
      subject: channelSubject("c"),
      id: "second",
      body,
      expectedSequence: first.sequence,
    })
    const { operate, node } = await startActors({ wanted, log })
    const repaired = await operate({ type: "repair", actor: "channel/c", by, isTrial: false })
    expect(repaired).toMatchObject({ ok: true, value: [{ commit: first.id }, { commit: "second" }] })
    expect(node.stopped).toEqual([])
  })

  it("keeps a node from serving where it is the node's own, until it is repaired", async () => {
    const { log, at } = await afterGrant()
    await plant(log, ingressSubject("n1"), [{ actor: "ingress/n1", type: "node.vanished", at }])
    const { node, operate, ask } = await startActors({ wanted, log })
    expect(node.stopped).toMatchObject([{ actor: "ingress/n1" }])
    expect(
      readinessOf(node, healthyLog, {
        isShuttingDown: false,
        disk: { isFull: false, freeBytes: 1 },
        channels: ["c"],
      }).ok,
    ).toBe(false)
    expect(await operate({ type: "repair", actor: "ingress/n1", by, isTrial: false })).toMatchObject({
      ok: true,
    })
    expect(
      readinessOf(node, healthyLog, {
        isShuttingDown: false,
        disk: { isFull: false, freeBytes: 1 },
        channels: ["c"],
      }).ok,
    ).toBe(true)
    expect(await ask("r2")).toMatchObject({ kind: "granted" })
  })

  it("lets everything be served where it is of the configuration, and can be repaired", async () => {
    const { log, at } = await afterGrant()
    await plant(log, configurationSubject, [{ actor: "pool/p", type: "pool.vanished", at }])
    const { node, operate, ask } = await startActors({ wanted, log })
    expect(node.stopped).toMatchObject([{ actor: "configuration" }])
    expect(await ask("r2")).toMatchObject({ kind: "granted" })
    expect(await operate({ type: "repair", actor: "configuration", by, isTrial: false })).toMatchObject({
      ok: true,
    })
    expect(node.stopped).toEqual([])
  })
})

describe("L8: an end that the log has lost", () => {
  it("closes its channel until a repair accepts it, and the channel goes on from what is left", async () => {
    const log = createMemoryLog()
    const { node: first, ask } = await startActors({ wanted, log })
    await settle()
    const copy = createMemoryLog({ identity: await log.identity() })
    const subjects = await log.subjects()
    for await (const { subject, id, body } of log.read({ afterSequence: 0 }))
      await copy.append({
        subject,
        id,
        body,
        expectedSequence: (await copy.last(subject))?.sequence ?? 0,
      })
    expect(await ask("r1")).toMatchObject({ kind: "granted" })
    await settle()
    await first.close()
    for (const subject of subjects) {
      const snapshot = await log.snapshot(subject)
      if (snapshot !== undefined) await copy.saveSnapshot(subject, snapshot)
    }
    const { node, operate } = await startActors({ wanted, log: copy })
    expect(node.stopped).toMatchObject([{ actor: "channel/c" }])
    expect(await operate({ type: "reset", actor: "channel/c", by })).toMatchObject({ ok: false })
    expect(await operate({ type: "repair", actor: "channel/c", by, isTrial: true })).toMatchObject({
      ok: true,
      value: [{ commit: null }],
    })
    expect(await operate({ type: "repair", actor: "channel/c", by, isTrial: false })).toMatchObject({
      ok: true,
      message: "channel/c is open again",
    })
    expect(node.stopped).toEqual([])
    expect((await startActors({ wanted, log: copy })).node.stopped).toEqual([])
  })
})

describe("a channel that a defect has stopped", () => {
  it("is opened by a reset, and what attempts hold of it stays held", async () => {
    const log = createMemoryLog()
    const { node, operate, ask, troubles } = await startActors({ wanted, log })
    const held = await ask("r1")
    if (held.kind !== "granted") throw new Error("no slot was granted")
    await settle()
    const { subject } = node.channels.get("c")!
    expect(() => subject.execute({ type: "nonsense" } as never)).toThrow(TypeError)
    expect(troubles).toContain("a defect has stopped this subject")
    expect(node.stopped).toMatchObject([{ actor: "channel/c" }])
    expect(await operate({ type: "reset", actor: "channel/c", by })).toMatchObject({
      ok: true,
      message: "channel/c is open again",
    })
    expect([...channelOf(subject.state).leases].map(({ lease }) => lease)).toEqual([held.lease.lease])
    held.lease.release({ outcome: "ok", status: 200, ttftMs: 1 }, true)
    await settle()
    expect(channelOf(subject.state).leases.size).toBe(0)
  })
})
