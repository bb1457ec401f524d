import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, it } from "vitest"
import { cooldownsPaired } from "./cooldowns.ts"
import { orderInLanes } from "./lane-order.ts"
import { eachLeaseEndsOnce } from "./leases.ts"
import type { LogInvariant } from "./log-invariant.ts"
import { LogWatch } from "./log-watch.ts"
import { eachRequestEndsOnce } from "./requests.ts"
import { eachUsageOnce } from "./usages.ts"
import { versionsWithoutGaps } from "./versions.ts"

/** As much of a fact as an invariant looks at. */
const fact = (type: string, more: object): Fact => ({ actor: "channel/c", type, at: 1, ...more }) as Fact

const wrongIn = (invariant: LogInvariant, ...facts: ReadonlyArray<Fact>): ReadonlyArray<string> =>
  facts.flatMap((one, at) => invariant.take(one, { subject: "s", commit: `${at}`, version: at + 1 }) ?? [])

const acquired = (request: string) => fact("channel.acquired", { request, lease: `${request}.1` })
const released = (request: string) => fact("channel.released", { request, lease: `${request}.1` })
const queued = (request: string, arrivedAt: number) =>
  fact("channel.queued", { request, lane: "l", arrivedAt })
const usage = (lease: string) => fact("account.usage_recorded", { lease })

describe("what is held of a log", () => {
  it("A9: a lease ends once, and only if it was granted", () => {
    const leases = eachLeaseEndsOnce()
    expect(wrongIn(leases, acquired("a"), released("a"), acquired("b"))).toEqual([])
    expect(leases.left(0)).toEqual(["A9: channel b.1 never ends"])
    expect(wrongIn(leases, released("a"))).toEqual(["A9: channel a.1 ends twice"])
    expect(wrongIn(leases, released("x"))).toEqual(["A9: channel x.1 ends and was never granted"])
    expect(wrongIn(leases, acquired("a"))).toEqual(["A9: channel a.1 is granted twice"])
  })

  it("A7: nobody of a lane is served before one who arrived earlier", () => {
    expect(wrongIn(orderInLanes(), queued("a", 1), queued("b", 2), acquired("a"), acquired("b"))).toEqual([])
    expect(wrongIn(orderInLanes(), queued("a", 1), queued("b", 2), acquired("b"))).toEqual([
      "A7: b is served before a of its lane",
    ])
    expect(wrongIn(orderInLanes(), queued("late", 2), queued("early", 1), acquired("early"))).toEqual([])
  })

  it("L7: a request is completed once", () => {
    const completed = (request: string) => fact("request.completed", { request })
    const wrong = wrongIn(eachRequestEndsOnce(), completed("a"), completed("b"), completed("a"))
    expect(wrong).toEqual(["L7: a is completed twice"])
  })

  it("D3: a lease is metered once", () => {
    expect(wrongIn(eachUsageOnce(), usage("a"), usage("b"))).toEqual([])
    expect(wrongIn(eachUsageOnce(), usage("a"), usage("a"))).toHaveLength(1)
  })

  it("C5: a cooldown starts and ends once, and not after its time", () => {
    const step = (what: string, until = 0) => fact(`account.cooldown_${what}`, { id: "x", until })
    expect(wrongIn(cooldownsPaired(), step("started"), step("extended"), step("ended"))).toEqual([])
    expect(wrongIn(cooldownsPaired(), step("started"), step("started"))).toHaveLength(1)
    expect(wrongIn(cooldownsPaired(), step("ended"))).toHaveLength(1)
    const open = cooldownsPaired()
    wrongIn(open, step("started", 5_000))
    expect([open.left(6_000), open.left(6_001)]).toMatchObject([[], [expect.any(String)]])
  })

  it("L5: the versions of each subject have no gaps, whatever its commits hold", () => {
    const versions = versionsWithoutGaps()
    const at = (version: number, subject = "s") => versions({ subject, commit: `${version}`, version })
    expect([at(1), at(1, "t"), at(2)]).toEqual([undefined, undefined, undefined])
    expect(at(4)).toBe("L5: version 4 of s follows 2")
    const watch = new LogWatch()
    const take = (version: number) => {
      const commit = { commit: `${version}`, version, at: 1, node: "n", epoch: 1, schema: 2, facts: [] }
      return watch.take({ subject: "s", sequence: version, id: "", body: JSON.stringify(commit) })
    }
    expect([take(1), take(3)]).toEqual([[], ["L5: version 3 of s follows 1 (commit 3)"]])
  })
})
