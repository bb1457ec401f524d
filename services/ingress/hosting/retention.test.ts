import { toSnapshot } from "@sluice/actors/group/snapshot.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { describe, expect, it } from "vitest"
import type { Admitted, Lease } from "../admission/lease.ts"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"
import { ActorNode } from "./actor-node.ts"
import { keepLogShort, shortenLog } from "./retention.ts"

type Actors = Awaited<ReturnType<typeof startActors>>

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const end = { outcome: "ok", status: 200, ttftMs: 1 } as const
const wanted = configuration(
  [{ id: "c", accounts: [{ id: "a", credential: "env:KEY", concurrency: 2, maxSessions: 5 }] }, { id: "d" }],
  { tiers: [["c", "d"]] },
)

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error("not granted")
  return admitted.lease
}

/** Lets some requests come and go on whichever channel takes them, and gives the channels. */
const serve = async ({ ask }: Actors, name: string, count = 4): Promise<ReadonlySet<string>> => {
  const channels = new Set<string>()
  for (let nth = 0; nth < count; nth += 1) {
    const lease = leaseOf(await ask(`${name}-${nth}`))
    channels.add(lease.channel.id)
    lease.release(end, true)
    await settle()
  }
  return channels
}

const shorten = async (
  { log, clock, node }: Actors,
  more: { projected?: () => Promise<number>; bytes?: number } = {},
) => {
  const said: Array<object> = []
  await shortenLog({
    log,
    clock,
    subjects: () => node.subjects,
    projected: more.projected ?? (() => log.head()),
    retention: () => ({ days: 14, bytes: more.bytes ?? 1e12 }),
    logger: { info: (fields: object) => void said.push(fields), error: () => undefined },
  })
  await settle()
  return said
}

const commitsOf = async (log: EventLog, channel: string) => {
  const commits = []
  for await (const { body } of log.read({ subject: channelSubject(channel), afterSequence: 0 }))
    commits.push(decodeCommit(body))
  return commits
}

const versionsOf = async (log: EventLog, channel: string) =>
  (await commitsOf(log, channel)).map(({ version }) => version)

/** Lets days pass, in each of which something happens and the log is looked at. */
const live = async (actors: Actors, days: number) => {
  for (let day = 0; day < days; day += 1) {
    await serve(actors, `day-${actors.clock.now()}`)
    actors.clock.advance(dayMs)
    await settle()
    await shorten(actors)
  }
}

const stateOf = ({ node }: Actors, channel: string) =>
  JSON.parse(JSON.stringify(toSnapshot(node.channels.get(channel)!.subject.state))) as unknown

describe("L5: retention", () => {
  it("keeps fourteen days of what happened, and what happened since the checkpoint before", async () => {
    const actors = await startActors({ wanted })
    await live(actors, 40)
    const commits = await commitsOf(actors.log, "c")
    const now = actors.clock.now()
    expect(commits[0]?.facts.map(({ type }) => type)).toEqual([
      "channel.checkpointed",
      "account.checkpointed",
    ])
    expect(now - (commits[0]?.at ?? 0)).toBeGreaterThanOrEqual(14 * dayMs)
    expect(now - (commits[0]?.at ?? 0)).toBeLessThan(16 * dayMs)
    const versions = commits.map(({ version }) => version)
    expect(versions).toEqual(versions.map((_, nth) => versions[0]! + nth))
  })

  it("says what it purged", async () => {
    const actors = await startActors({ wanted })
    await live(actors, 2)
    actors.clock.advance(20 * dayMs)
    const said = await shorten(actors)
    expect(said).toContainEqual(expect.objectContaining({ subject: channelSubject("c"), commits: 10 }))
  })

  it("lets a channel that was idle through two purges go on without a gap", async () => {
    const actors = await startActors({ wanted })
    const { node, clock, log } = actors
    await serve(actors, "before")
    clock.advance(dayMs)
    await shorten(actors)
    const close = (enabled: boolean) =>
      node.apply({
        wanted: {
          ...wanted,
          channels: wanted.channels.map((one) => ({ ...one, enabled: enabled || one.id === "d" })),
        },
        by: "file",
      })
    await close(false)
    clock.advance(dayMs)
    await shorten(actors)
    const idle = await versionsOf(log, "c")
    const purged: Array<unknown> = []
    for (let nth = 0; nth < 2; nth += 1) {
      await live(actors, 16)
      purged.push(await versionsOf(log, "c"))
    }
    expect(idle).toHaveLength(idle.at(-1)!)
    expect(purged).toEqual([[idle.at(-1)], [idle.at(-1)]])
    await close(true)
    expect(await serve(actors, "after")).toContain("c")
    const versions = await versionsOf(log, "c")
    expect(versions).toEqual(versions.map((_, nth) => idle.at(-1)! + nth))
    const again = await startActors({ wanted, log, clock })
    expect(again.troubles).toEqual([])
  })

  it("gives equal actors after a restart, with a snapshot and without one", async () => {
    const actors = await startActors({ wanted })
    await live(actors, 20)
    const held = leaseOf(await actors.ask("held", { session: { id: "00000000000000aa", source: "header" } }))
    await held.committed
    await settle()
    const state = stateOf(actors, "c")
    for (const snapshot of [actors.log.snapshot, async () => undefined]) {
      const log = { ...actors.log, snapshot }
      const second = await ActorNode.open({
        log,
        clock: actors.clock,
        node: "n1",
        onTrouble: expect.unreachable,
      })
      expect(stateOf({ ...actors, node: second }, "c")).toEqual(state)
      expect(second.channels.get("c")!.subject.version).toBe(actors.node.channels.get("c")!.subject.version)
    }
  })

  it("never touches what is not projected", async () => {
    const actors = await startActors({ wanted })
    await live(actors, 3)
    actors.clock.advance(20 * dayMs)
    const commits = await commitsOf(actors.log, "c")
    for (const projected of [0, 5, 9]) {
      await shorten(actors, { projected: async () => projected })
      expect(await commitsOf(actors.log, "c")).toEqual(commits)
    }
    await shorten(actors)
    expect((await commitsOf(actors.log, "c")).length).toBeLessThan(commits.length)
  })

  it("lets the oldest go before their time where the log is too large, but nothing of the last hour", async () => {
    const actors = await startActors({ wanted })
    await live(actors, 3)
    actors.clock.advance(hourMs + 1)
    await shorten(actors, { bytes: 1 })
    const few = await commitsOf(actors.log, "c")
    expect(few[0]?.facts[0]?.type).toBe("channel.checkpointed")
    expect(few).toHaveLength(1)
    await serve(actors, "new")
    for (const subject of actors.node.subjects) subject.checkpoint(0)
    await settle()
    const recent = await commitsOf(actors.log, "c")
    await shorten(actors, { bytes: 1 })
    expect(await commitsOf(actors.log, "c")).toEqual(recent)
  })

  it("looks a minute after the start, and then every hour", async () => {
    const actors = await startActors({ wanted })
    let looks = 0
    const kept = keepLogShort({
      ...actors,
      subjects: () => {
        looks += 1
        return actors.node.subjects
      },
      projected: () => actors.log.head(),
      retention: () => ({ days: 14, bytes: 1e12 }),
      logger: { info: () => undefined, error: () => undefined },
    })
    actors.clock.advance(59_999)
    expect(looks).toBe(0)
    actors.clock.advance(1)
    expect(looks).toBe(1)
    actors.clock.advance(3 * hourMs)
    expect(looks).toBe(4)
    kept[Symbol.dispose]()
    actors.clock.advance(3 * hourMs)
    expect(looks).toBe(4)
  })
})

describe("L7: a request whose end was purged", () => {
  it("is not taken for lost, and one that a channel still holds is", async () => {
    const first = await startActors({ wanted })
    await serve(first, "old")
    first.clock.advance(20 * dayMs)
    // Only the ingress has a checkpoint: its commits go, those of the channels stay.
    first.node.ingress.checkpoint(0)
    await settle()
    first.clock.advance(20 * dayMs)
    const held = leaseOf(await first.ask("held"))
    await held.committed
    await first.log.purge({ subject: first.node.ingress.subject, beforeSequence: await first.log.head() })
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(second.recovered).toMatchObject({ leases: 1, requests: 1 })
    const lost = (await factsIn(first.log)).flatMap((fact) =>
      fact.type === "request.completed" ? [fact.request] : [],
    )
    expect(lost).toEqual(["held"])
  })
})
