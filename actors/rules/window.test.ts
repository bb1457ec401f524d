import { describe, expect, it } from "vitest"
import { accountOf, contextOf, type Group } from "../group/group.ts"
import { acquire, configured, given, release, start } from "../testing/specification.ts"
import { addCost, costIn, stateOf, windowOfHour, windowUntil } from "./window.ts"

const usd = 1_000_000_000
const hourMs = 3_600_000
const limited = (windowCost = { limitUsd: 1, stickyReserveUsd: 0.5 }) => configured({}, [{ windowCost }])
const noTokens = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
const meter = (request: string, costUsd: number) =>
  ({
    type: "meter",
    lease: `${request}.1`,
    account: "a",
    model: "m",
    tokens: noTokens,
    standardCostNanoUsd: Math.round(costUsd * usd),
    priced: true,
    prices: "test",
    complete: true,
    estimated: false,
  }) as const
const spent = (costUsd: number, more = {}) => [
  acquire("r1", { session: "s" }),
  meter("r1", costUsd),
  release("r1", more),
]
const a = (group: Group) => contextOf(accountOf(group, "a"))
const bound = { session: "s" }

describe("D5: whom the cost of a window lets in (limit 1 USD, reserve 0.5)", () => {
  it.each([
    [0, "open"],
    [0.999_999_999, "open"],
    [1, "sticky_only"],
    [1.5, "sticky_only"],
    [1.500_000_001, "exhausted"],
  ])("%d USD: %s", (costUsd, state) => {
    expect(stateOf(Math.round(costUsd * usd), { limitUsd: 1, stickyReserveUsd: 0.5 })).toBe(state)
  })

  it("under: all requests", () => {
    expect(given(limited(), ...spent(0.9)).when(acquire("r2")).facts[0]).toMatchObject({
      type: "channel.acquired",
    })
  })

  it("between: bound ones only", () => {
    const between = given(limited(), ...spent(1.2))
    between.when(acquire("r2")).thenDenied("window_cost")
    expect(between.when(acquire("r3", bound)).facts[0]).toMatchObject({ type: "channel.acquired" })
  })

  it("above: none", () =>
    given(limited(), ...spent(1.6))
      .when(acquire("r2", bound))
      .thenDenied("window_cost"))

  it("no limit: no window, and nothing is counted", () => {
    const { facts } = given(configured()).when(...spent(50))
    expect(facts.some(({ type }) => type.startsWith("account.window"))).toBe(false)
  })

  it("counts what is in flight with what it is expected to cost", () => {
    const expected = { estimatedCostNanoUsd: 0.6 * usd }
    const held = given(limited(), acquire("r1", expected), acquire("r2", expected))
    held.when(acquire("r3", expected)).thenDenied("window_cost")
    const { group } = given(limited(), acquire("r1", expected)).when(meter("r1", 0.1), release("r1"))
    expect([a(group).heldCostNanoUsd, a(group).windowCostNanoUsd]).toEqual([0, 0.1 * usd])
  })

  it("forgets what was expected of an attempt that was never metered", () => {
    const { group } = given(limited(), acquire("r1", { estimatedCostNanoUsd: usd })).when(release("r1"))
    expect(a(group).heldCostNanoUsd).toBe(0)
  })

  it("tells when it lets others in than before", () => {
    const { facts } = given(limited(), acquire("r1", bound)).when(meter("r1", 1.2))
    expect(facts.at(-1)).toMatchObject({
      type: "account.window_state",
      state: "sticky_only",
      costNanoUsd: 1.2 * usd,
      limitNanoUsd: usd,
    })
  })
})

describe("D6: the window", () => {
  const hour = start - (start % hourMs)

  it("begins with the present hour where the provider says nothing, and lasts 5 h", () => {
    const { facts } = given(limited()).when(acquire("r1"))
    expect(facts.at(-1)).toMatchObject({
      type: "account.window_opened",
      start: hour,
      end: hour + 5 * hourMs,
      source: "hour",
      limitNanoUsd: usd,
    })
    expect(windowOfHour(start)).toMatchObject({ start: hour })
  })

  it("ends at the official reset, rounded to the minute, and starts 5 h before it", () => {
    expect(windowUntil(start + 29_000 - (start % 60_000))).toEqual({
      start: start - (start % 60_000) - 5 * hourMs,
      end: start - (start % 60_000),
      source: "official",
    })
  })

  it("is corrected by the provider, late, and its costs move with it", () => {
    const minutes = 30 * 60_000
    const corrected = given(
      limited(),
      acquire("r1", bound),
      meter("r1", 0.7),
      { afterMs: minutes },
      acquire("r2", bound),
    ).when(
      meter("r2", 0.2),
      // A window that began after the first request and before the second.
      release("r1", { windowEndsAt: start + 20 * 60_000 + 5 * hourMs, endedAt: start + minutes }),
    )
    expect(corrected.facts).toContainEqual(
      expect.objectContaining({ type: "account.window_opened", source: "official" }),
    )
    expect(a(corrected.group).windowCostNanoUsd).toBe(0.2 * usd)
  })

  it("that is over costs nothing, and lets all in again", () => {
    const { facts } = given(limited(), ...spent(1.6)).when({ afterMs: 5 * hourMs }, acquire("r2"))
    expect(facts).toContainEqual(expect.objectContaining({ type: "account.window_state", state: "open" }))
    expect(facts).toContainEqual(expect.objectContaining({ type: "channel.acquired", request: "r2" }))
    expect(costIn([[start, usd]], null, start)).toBe(0)
  })

  it("holds the usage that is recorded in it, whenever its request began", () => {
    const { facts } = given(limited(), acquire("r1", bound), { afterMs: 6 * hourMs }).when(meter("r1", 0.2))
    const recorded = facts.find(({ type }) => type === "account.usage_recorded")
    const now = start + 6 * hourMs
    expect(recorded).toMatchObject({ windowStart: now - (now % hourMs) })
  })

  it("keeps the cost of each minute for ten hours", () => {
    const first = addCost([], { at: start, nanoUsd: 5 })
    const same = addCost(first, { at: start + 1, nanoUsd: 5 })
    const minute = start - (start % 60_000)
    expect(same).toEqual([[minute, 10]])
    expect(addCost(same, { at: start + 10 * hourMs, nanoUsd: 1 })).toHaveLength(1)
  })
})

describe("C8, D6: an operator says what a window has cost", () => {
  const exhausted = given(limited(), ...spent(2))
  const corrected = (costUsd: number) =>
    ({ type: "reset", account: "a", windowCostNanoUsd: costUsd * usd, by: "api:ops" }) as const

  it("which lets in whom that lets in, by facts", () => {
    const { facts, group } = exhausted.when(corrected(0), acquire("r2"))
    expect(facts.slice(0, 3)).toMatchObject([
      { type: "account.reset" },
      { type: "account.window_corrected", costNanoUsd: 0, by: "api:ops" },
      { type: "account.window_state", state: "open", costNanoUsd: 0 },
    ])
    expect(facts[3]).toMatchObject({ type: "channel.acquired", request: "r2" })
    expect(a(group).windowCostNanoUsd).toBe(0)
  })

  it("which counts in a window that the provider corrects later", () => {
    const { group } = exhausted.when(
      corrected(0.25),
      acquire("r2"),
      release("r2", { windowEndsAt: start + 4 * hourMs }),
    )
    expect(a(group).window).toMatchObject({ source: "official" })
    expect(a(group).windowCostNanoUsd).toBe(0.25 * usd)
  })

  it("and a reset without it keeps what was counted", () => {
    const { facts, group } = exhausted.when({ type: "reset", account: "a", by: "api:ops" })
    expect(facts.map(({ type }) => type)).toEqual(["account.reset"])
    expect(a(group).windowCostNanoUsd).toBe(2 * usd)
  })
})
