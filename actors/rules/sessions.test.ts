import { describe, expect, it } from "vitest"
import { accountOf, contextOf, type Group } from "../group/group.ts"
import { acquire, configured, given, release, start } from "../testing/specification.ts"
import { Sessions } from "./sessions.ts"

const capped = (maxSessions: number) => configured({}, [{ concurrency: 9, maxSessions }])
const of = (session: string) => ({ session })
const sessionsOf = (group: Group) => contextOf(accountOf(group, "a")).sessions
const failed = { outcome: "upstream_error", status: 500 } as const
const idleMs = 300_000

describe("B6: a session", () => {
  it("is registered in the commit of its first lease, under an id of its stay", () =>
    given(configured())
      .when(acquire("r1", of("s")))
      .then(
        { type: "channel.acquired", class: "new" },
        { type: "account.acquired", class: "new", session: "s" },
        { type: "account.session_registered", session: "s", stay: "s:r1.1" },
      ))

  it("is not registered by a request that waits", () => {
    const { group } = given(configured({ maxConcurrent: 1 }), acquire("r1")).when(acquire("r2", of("s")))
    expect(sessionsOf(group).size).toBe(0)
  })

  it("is not registered where it is only spilled to", () => {
    const { group } = given(configured()).when(acquire("r1", { session: "s", isSpilled: true }))
    expect(sessionsOf(group).size).toBe(0)
  })

  it("is refreshed when one of its requests is admitted, which is bound, and when it ends", () => {
    const { facts, group } = given(configured(), acquire("r1", of("s")), release("r1")).when(
      { afterMs: 100_000 },
      acquire("r2", of("s")),
      { afterMs: 50_000 },
      release("r2"),
    )
    expect(facts[0]).toMatchObject({ type: "channel.acquired", class: "bound" })
    expect(sessionsOf(group).get("s")?.lastSeenAt).toBe(start + 150_000)
  })

  it("expires when it is exactly as old as it may be idle", () => {
    const idle = [configured(), acquire("r1", of("s")), release("r1")]
    expect(given(...idle).when({ afterMs: idleMs - 1 }).facts).toEqual([])
    expect(given(...idle).when({ afterMs: idleMs }).facts).toMatchObject([
      { type: "account.session_expired", session: "s", stay: "s:r1.1", lastSeenAt: start },
    ])
  })

  it("never expires while one of its requests is in flight", () => {
    const { facts } = given(configured(), acquire("r1", of("s"))).when({ afterMs: 10 * idleMs })
    expect(facts).toEqual([])
  })

  it("goes with the last of its requests where none has succeeded", () => {
    const two = [configured(), acquire("r1", of("s")), acquire("r2", of("s")), release("r1", failed)]
    const { facts } = given(...two).when(release("r2", failed))
    expect(facts.at(-1)).toMatchObject({ type: "account.session_released", reason: "failed" })
    expect(sessionsOf(given(...two).when(release("r2")).group).size).toBe(1)
  })

  it("stays after a failure where one has succeeded before", () => {
    const { group } = given(configured(), acquire("r1", of("s")), release("r1"), acquire("r2", of("s"))).when(
      release("r2", failed),
    )
    expect(sessionsOf(group).size).toBe(1)
  })

  it("is let go by an account that is disabled", () => {
    const { facts } = given(configured(), acquire("r1", of("s")), release("r1")).when(
      configured({}, [{ enabled: false }]),
    )
    expect(facts.at(-1)).toMatchObject({ type: "account.session_released", reason: "account_closed" })
  })

  it("is taken off by hand, once", () => {
    const unbind = { type: "unbind", account: "a", session: "s" } as const
    const { facts } = given(configured(), acquire("r1", of("s")), release("r1")).when(unbind, unbind)
    expect(facts).toMatchObject([{ type: "account.session_released", reason: "unbound" }])
  })
})

describe("B6: the cap of sessions", () => {
  const atCap = [capped(1), acquire("r1", of("s"))]

  it("admits a registered one", () =>
    given(...atCap)
      .when(acquire("r2", of("s")))
      .then({ type: "channel.acquired" }, { type: "account.acquired" }))

  it("refuses a new one, and one that is only spilled to it", () => {
    given(...atCap)
      .when(acquire("r2", of("t")))
      .thenDenied("session_limit")
    given(...atCap)
      .when(acquire("r2", { session: "t", isSpilled: true }))
      .thenDenied("session_limit")
  })

  it("does not concern a request without a session", () => {
    expect(given(...atCap).when(acquire("r2")).facts).toHaveLength(2)
  })

  it("has room again when a session expired or failed", () => {
    expect(given(...atCap, release("r1", failed)).when(acquire("r2", of("t"))).facts).toHaveLength(3)
    expect(
      given(...atCap, release("r1"), { afterMs: idleMs }).when(acquire("r2", of("t"))).facts,
    ).toHaveLength(3)
  })
})

describe("the sessions of an account", () => {
  it("are counted, are there or not, and keep the order in which they were seen as JSON", () => {
    const sessions = new Sessions()
    for (const session of ["a", "b", "c"]) sessions.register(session, `${session}:1`, 1)
    for (const session of ["b", "a"]) sessions.end(session, { at: 2, isSuccess: true })
    expect([sessions.size, sessions.get("c")?.inFlight, sessions.get("d")]).toEqual([3, 1, undefined])
    expect(sessions.longestIdle?.session).toBe("b")
    expect(Sessions.from(sessions.toJSON()).toJSON()).toEqual(sessions.toJSON())
  })

  it("do not begin by being refreshed", () => {
    const sessions = new Sessions()
    sessions.admit("a", 1)
    sessions.end("a", { at: 2, isSuccess: true })
    expect(sessions.size).toBe(0)
  })
})
