import { contextOf } from "@sluice/actors/group/group.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { describe, expect, it } from "vitest"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"
import type { Admittable, Admitted, AttemptEnd, Lease } from "./lease.ts"

type Actors = Awaited<ReturnType<typeof startActors>>

const ok = { outcome: "ok", status: 200, ttftMs: 5 } as const
const account = (id: string, more: object = {}) => ({ id, credential: "env:KEY", concurrency: 1, ...more })
const two = (pool: Record<string, unknown> = {}, more: object = {}) =>
  configuration(
    [
      { id: "c", accounts: [account("a", more)] },
      { id: "d", accounts: [account("b", more)] },
    ],
    { tiers: [["c"], ["d"]], pool },
  )

const inSession = (id: string, more: Partial<Admittable> = {}): Partial<Admittable> => ({
  session: { id, source: "header" },
  ...more,
})

const granted = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

const sessionsOf = ({ node }: Actors, channel: string, id: string) => {
  const actor = node.channels.get(channel)?.subject.state.accounts.get(actorName("account", id))
  return actor === undefined
    ? []
    : contextOf(actor)
        .sessions.toJSON()
        .map(({ session }) => session)
}

/** How an attempt ends that the provider rejected, with a time to come back. */
const limitedFor = (retryAfterMs: number): AttemptEnd => {
  const told = { evidence: {}, resetAt: null, isOfModel: false, statedLimit: null, summary: "" }
  const rejection = { classification: "requests", retryAfterMs, ...told } as const
  return { outcome: "rate_limited", status: 429, ttftMs: null, rejection }
}

/** Serves one request of a session, so that it is bound to the account that carried it. */
const bind = async (actors: Actors, session: string): Promise<string> => {
  const lease = granted(await actors.ask(`bind-${session}`, inSession(session)))
  lease.release(ok, true)
  await settle()
  return lease.account.id
}

describe("B7: a bound request", () => {
  it("goes to its account, whatever would be chosen for another", async () => {
    const actors = await startActors({ wanted: two() })
    const busy = granted(await actors.ask("busy"))
    expect(await bind(actors, "s")).toBe("b")
    busy.release(ok, true)
    await settle()
    expect(granted(await actors.ask("r1", inSession("s"))).account.id).toBe("b")
    expect(granted(await actors.ask("r2")).account.id).toBe("a")
  })

  it("waits for its account while another would be free", async () => {
    const actors = await startActors({ wanted: two() })
    expect(await bind(actors, "s")).toBe("a")
    const busy = granted(await actors.ask("busy"))
    const waits = actors.ask("r1", inSession("s"))
    await settle()
    expect(actors.admission.waiting).toBe(1)
    busy.release(ok, true)
    expect(granted(await waits).account.id).toBe("a")
  })

  it("is served elsewhere where enough wait for its account already, and its binding stays", async () => {
    const actors = await startActors({ wanted: two({ stickyMaxWaiting: 1 }) })
    await bind(actors, "s")
    granted(await actors.ask("busy"))
    void actors.ask("r1", inSession("s"))
    await settle()
    const spilled = granted(await actors.ask("r2", inSession("s")))
    expect(spilled.account.id).toBe("b")
    spilled.release(ok, true)
    await settle()
    expect([sessionsOf(actors, "c", "a"), sessionsOf(actors, "d", "b")]).toEqual([["s"], []])
  })

  it("is served elsewhere while its account cools for longer than it would wait there", async () => {
    const actors = await startActors({ wanted: two() })
    await bind(actors, "s")
    granted(await actors.ask("r1", inSession("s"))).release(limitedFor(60_000), true)
    await settle()
    expect(granted(await actors.ask("r2", inSession("s"))).account.id).toBe("b")
  })

  it("is served elsewhere where its account opens later than its channel lets anyone wait", async () => {
    const wanted = configuration(
      [
        { id: "c", queueTimeoutMs: 5_000, accounts: [account("a")] },
        { id: "d", accounts: [account("b")] },
      ],
      { pool: { stickySpillMs: 60_000 } },
    )
    const actors = await startActors({ wanted })
    await bind(actors, "s")
    granted(await actors.ask("r1", inSession("s"))).release(limitedFor(20_000), true)
    await settle()
    expect(granted(await actors.ask("r2", inSession("s"))).account.id).toBe("b")
  })

  it("waits no longer than its pool says", async () => {
    const actors = await startActors({ wanted: two({ stickyWaitTimeoutMs: 400 }) })
    await bind(actors, "s")
    granted(await actors.ask("busy"))
    const waits = actors.ask("r1", inSession("s"))
    await settle()
    actors.clock.advance(400)
    expect(await waits).toMatchObject({ kind: "refused", refusal: { code: "channel_queue_timeout" } })
  })

  it("is bound no more once its account is disabled", async () => {
    const wanted = two()
    const actors = await startActors({ wanted })
    expect(await bind(actors, "s")).toBe("a")
    const closed = wanted.channels.map((channel) => ({
      ...channel,
      accounts: channel.accounts.map((one) => ({ ...one, enabled: one.id !== "a" })),
    }))
    await actors.node.apply({ wanted: { ...wanted, channels: closed }, by: "file" })
    expect(granted(await actors.ask("r1", inSession("s"))).account.id).toBe("b")
    expect(sessionsOf(actors, "d", "b")).toEqual(["s"])
  })
})

describe("B5: the index of sessions", () => {
  it("is made from the accounts' state at start", async () => {
    const wanted = two()
    const first = await startActors({ wanted })
    granted(await first.ask("busy"))
    expect(await bind(first, "s")).toBe("b")
    const second = await startActors({ wanted, log: first.log, clock: first.clock })
    expect(granted(await second.ask("r1", inSession("s"))).account.id).toBe("b")
  })

  it("binds only a few requests at a time by a key that often stands for an application", async () => {
    const actors = await startActors({ wanted: two({ stickyMaxWaiting: 1 }, { concurrency: 2 }) })
    const session = { id: "s", source: "user" } as const
    granted(await actors.ask("r1", { session }))
    granted(await actors.ask("r2", { session }))
    await settle()
    const facts = await factsIn(actors.log)
    const classes = facts.flatMap((fact) =>
      fact.type === "account.acquired" ? [`${fact.request} ${fact.session ?? "none"}`] : [],
    )
    expect(classes).toEqual(["r1 s", "r2 none"])
  })
})

describe("B6: a session", () => {
  it("is registered with the lease of its first request and refused where the cap is full", async () => {
    const wanted = configuration([{ id: "c", accounts: [account("a", { concurrency: 5, maxSessions: 1 })] }])
    const actors = await startActors({ wanted })
    expect(await bind(actors, "s")).toBe("a")
    expect(await actors.ask("r1", inSession("t"))).toMatchObject({
      kind: "refused",
      refusal: { code: "no_candidate", candidates: [{ account: "a", reason: "session_limit" }] },
    })
    expect(granted(await actors.ask("r2", inSession("s"))).account.id).toBe("a")
    expect(granted(await actors.ask("r3")).account.id).toBe("a")
  })
})
