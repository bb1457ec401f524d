import { describe, expect, it } from "vitest"
import type { Release } from "../decisions/command.ts"
import { accountOf, channelOf, contextOf, type Group } from "../group/group.ts"
import {
  accepted,
  acquire,
  configured,
  enqueue,
  given,
  rejected,
  release,
  start,
} from "../testing/specification.ts"

const a = (group: Group) => contextOf(accountOf(group, "a"))
const failed = { outcome: "upstream_error", status: 500 } as const
const mayProbe = { mayProbe: true } as const
/** Five requests that fail one after the other, on an account of its channel. */
const failing = (account = "a", end: Partial<Release> = failed) =>
  Array.from({ length: 5 }, (_, n) => `${account}-${n}`).flatMap((request) => [
    acquire(request, { account }),
    release(request, { account, ...end }),
  ])
const channel = configured({ abortLingerMs: 0 })
const testing = (request: string) => acquire(request, mayProbe)
const waiting = (request: string) => enqueue(request, mayProbe)
const granted = { type: "account.acquired" }
const startOfCooldown = { type: "account.cooldown_started", classification: "failing" }

describe("C7: an account that fails", () => {
  it("is tested at once by a request that has no other place, one at a time", () => {
    const { facts } = given(channel, ...failing()).when(testing("r1"))
    expect(facts).toMatchObject([{ type: "channel.acquired" }, { ...granted, isProbe: true }])
    given(channel, ...failing(), testing("r1"))
      .when(testing("r2"))
      .thenDenied("saturated")
  })

  it("carries nobody else before its cooldown is over", () => {
    given(channel, ...failing())
      .when(acquire("r1"))
      .thenDenied("cooling")
  })

  it("is tested again after 0.25 s, doubling up to the end of the cooldown", () => {
    const afterMs = [0, 250, 500, 1_000, 2_000]
    const tests = afterMs.flatMap((pauseMs, n) => [
      { afterMs: pauseMs },
      testing(`t${n}`),
      release(`t${n}`, failed),
    ])
    const { facts } = given(channel, ...failing()).when(...tests)
    const failures = facts.filter(({ type }) => type === "account.probe_failed")
    expect(failures).toMatchObject(
      [250, 750, 1_750, 3_750, 5_000].map((ms, n) => ({ failed: n + 1, nextAt: start + ms })),
    )
    given(channel, ...failing(), testing("t"), release("t", failed), { afterMs: 249 })
      .when(testing("r"))
      .thenDenied("cooling")
  })

  it("moves the pause by the jitter that comes with the end of the test", () => {
    const { facts } = given(channel, ...failing(), testing("t")).when(release("t", { ...failed, jitter: 1 }))
    expect(facts.at(-1)).toMatchObject({ type: "account.probe_failed", nextAt: start + 275 })
  })

  it("comes back with the first success: its cooldown ends, its channel's too, and the limit is 2", () => {
    const { facts, group } = given(channel, ...failing(), testing("t")).when(accepted("t"))
    expect(facts).toMatchObject([
      { type: "account.accepted" },
      { type: "account.cooldown_ended", reason: "recovered" },
      { type: "account.ramped", limit: 2 },
      { type: "channel.cooldown_ended", reason: "recovered" },
    ])
    expect([a(group).cooldown, a(group).probe, channelOf(group).cooldown]).toEqual([null, undefined, null])
  })

  it("comes back with a success that is told only with its end", () => {
    const { facts } = given(channel, ...failing(), testing("t")).when(release("t"))
    expect(facts).toMatchObject([
      { type: "channel.released" },
      { type: "account.released" },
      { type: "account.cooldown_ended", reason: "recovered" },
      { type: "account.ramped", limit: 2 },
      { type: "channel.cooldown_ended" },
    ])
  })

  it.each([
    ["a client that leaves", { outcome: "client_closed", status: 0 } as const],
    ["a request that is wrong", { outcome: "upstream_error", status: 400 } as const],
  ])("is as it was after a test that %s has ended", (_, end) => {
    const { facts } = given(channel, ...failing(), testing("t")).when(release("t", end), testing("r"))
    expect(facts.at(-1)).toMatchObject({ ...granted, isProbe: true })
    expect(facts.map(({ type }) => type)).not.toContain("account.probe_failed")
  })

  it("still fails where its test is rejected without a time", () => {
    const { facts } = given(channel, ...failing(), testing("t")).when(rejected("t"))
    expect(facts.at(-1)).toMatchObject({ type: "account.probe_failed", failed: 1 })
  })

  it("is left alone until the time that the provider says to its test", () => {
    const { command } = {
      command: rejected("t") as Extract<ReturnType<typeof rejected>, { type: "release" }>,
    }
    const told = { ...command, rejection: { ...command.rejection!, retryAfterMs: 20_000 } }
    given(channel, ...failing(), testing("t"), told, { afterMs: 1_000 })
      .when(testing("r"))
      .thenDenied("cooling")
  })
})

describe("C7: those who wait for an account that fails", () => {
  it("test it in their turn, at the time of the next test, and the others go on waiting", () => {
    const { facts, group } = given(channel, ...failing()).when(
      waiting("r1"),
      waiting("r2"),
      release("r1", failed),
      { afterMs: 249 },
      { afterMs: 1 },
    )
    expect(facts.filter(({ type }) => type === "account.acquired")).toMatchObject([
      { request: "r1", at: start, isProbe: true },
      { request: "r2", at: start + 250, isProbe: true },
    ])
    expect(channelOf(group).lanes.size).toBe(0)
  })

  it("never come in a herd: no more at once than the slow start allows", () => {
    const waiters = Array.from({ length: 12 }, (_, n) => waiting(`r${n}`))
    const queued = given(channel, ...failing(), ...waiters)
    const inFlight = (...taken: ReadonlyArray<string>) =>
      a(queued.when(...taken.map((request) => accepted(request))).group).leases.size
    expect(inFlight()).toBe(1)
    expect(inFlight("r0")).toBe(2)
    expect(inFlight("r0", "r1")).toBe(4)
    expect(inFlight("r0", "r1", "r2")).toBe(8)
  })

  it("go back to routing where no test comes in their time", () => {
    const short = configured({ abortLingerMs: 0, queueTimeoutMs: 400 })
    const { facts } = given(short, ...failing(), testing("t1"), release("t1", failed), { afterMs: 250 }).when(
      testing("t2"),
      waiting("r1"),
      release("t2", failed),
    )
    expect(facts.at(-1)).toMatchObject({ type: "channel.abandoned", request: "r1", reason: "rerouted" })
  })

  it("wait for another account of the channel rather than test", () => {
    const two = configured({ abortLingerMs: 0 }, [{}, { concurrency: 1 }])
    const { facts } = given(two, ...failing(), acquire("x", { account: "a1" })).when(waiting("r1"))
    expect(facts).toMatchObject([{ type: "channel.queued", mayProbe: true }])
  })

  it("test every account of a channel whose accounts all fail at once", () => {
    const two = configured({ abortLingerMs: 0 }, [{}, {}])
    const { facts } = given(two, ...failing("a"), ...failing("a1")).when(
      waiting("r1"),
      waiting("r2"),
      waiting("r3"),
    )
    expect(facts.filter(({ type }) => type === "account.acquired")).toMatchObject([
      { actor: "account/a", request: "r1", isProbe: true },
      { actor: "account/a1", request: "r2", isProbe: true },
    ])
  })
})

describe("C6, C7: an account that comes back", () => {
  const back = [channel, ...failing(), testing("t"), accepted("t"), release("t")]

  it("cools again only after five failures in a row", () => {
    const four = Array.from({ length: 4 }, (_, n) => [acquire(`f${n}`), release(`f${n}`, failed)]).flat()
    expect(a(given(...back).when(...four).group)).toMatchObject({ failures: 4, cooldown: null })
    const { facts } = given(...back).when(...four, acquire("f4"), release("f4", failed))
    expect(facts).toContainEqual(
      expect.objectContaining({ ...startOfCooldown, consecutive: 2, probe: { failed: 0, at: start } }),
    )
  })

  it("cools longer where the first attempt after the cooldown fails, and the pause of its tests grows", () => {
    const { facts } = given(channel, ...failing(), testing("t"), release("t", failed), {
      afterMs: 5_000,
    }).when(acquire("r1"), release("r1", failed))
    expect(facts).toContainEqual(
      expect.objectContaining({
        ...startOfCooldown,
        consecutive: 2,
        until: start + 15_000,
        probe: { failed: 2, at: start + 5_500 },
      }),
    )
  })

  it("comes back with a test that was under way when its cooldown ended", () => {
    const late = given(channel, ...failing(), testing("t"), { afterMs: 5_000 })
    expect(late.when(accepted("t")).facts.at(-1)).toMatchObject({ type: "account.ramped", limit: 2 })
    expect(late.when(release("t", failed)).facts).toContainEqual(
      expect.objectContaining({ ...startOfCooldown, consecutive: 2 }),
    )
  })
})
