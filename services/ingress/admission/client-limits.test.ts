import { describe, expect, test } from "vitest"
import { type ClientLimit, ClientLimits } from "./client-limits.ts"

const none: ClientLimit = { maxConcurrent: null, rpm: null }

/** Limits over a clock and a limit that the test changes; it says by code what came of a request. */
const startLimits = (given: Partial<ClientLimit>) => {
  const state = { now: 1_000_000, limit: { ...none, ...given } }
  const limits = new ClientLimits({
    limitOf: (client) => (client === "stranger" ? undefined : state.limit),
    now: () => state.now,
  })
  const enter = (client = "alice") => limits.enter(client)?.code ?? "in"
  const enterTimes = (times: number) => Array.from({ length: times }, () => enter())
  return { state, limits, enter, enterTimes }
}

describe("a client's limit of requests at once (A13)", () => {
  test("lets in as many as it says, and one more for each that ends", () => {
    const { limits, enter, enterTimes } = startLimits({ maxConcurrent: 2 })
    expect(enterTimes(3)).toEqual(["in", "in", "client_concurrency_exceeded"])
    limits.leave("alice")
    expect(enterTimes(2)).toEqual(["in", "client_concurrency_exceeded"])
    expect(enter("bob")).toBe("in")
  })

  test("that is lowered drains, that is raised or removed opens at once", () => {
    const { state, limits, enter, enterTimes } = startLimits({ maxConcurrent: 3 })
    enterTimes(3)
    state.limit = { ...none, maxConcurrent: 2 }
    limits.leave("alice")
    expect(enter()).toBe("client_concurrency_exceeded")
    limits.leave("alice")
    expect(enterTimes(2)).toEqual(["in", "client_concurrency_exceeded"])
    state.limit = { ...none, maxConcurrent: 3 }
    expect(enterTimes(2)).toEqual(["in", "client_concurrency_exceeded"])
    state.limit = none
    expect(enter()).toBe("in")
  })

  test("that is new counts those that entered before it", () => {
    const { state, enter } = startLimits({})
    expect(enter()).toBe("in")
    state.limit = { ...none, maxConcurrent: 1 }
    expect(enter()).toBe("client_concurrency_exceeded")
  })

  test("does not exist for a client that is not configured", () => {
    const { enter } = startLimits({ maxConcurrent: 1, rpm: 1 })
    expect([enter("stranger"), enter("stranger")]).toEqual(["in", "in"])
  })
})

describe("a client's limit of requests a minute (A13)", () => {
  test("lets ten seconds' worth through at once and goes on at its rate", () => {
    const { state, enter, enterTimes } = startLimits({ rpm: 12 })
    expect(enterTimes(3)).toEqual(["in", "in", "client_rpm_exhausted"])
    state.now += 4_999
    expect(enter()).toBe("client_rpm_exhausted")
    state.now += 1
    expect(enterTimes(2)).toEqual(["in", "client_rpm_exhausted"])
    state.now += 3_600_000
    expect(enterTimes(3)).toEqual(["in", "in", "client_rpm_exhausted"])
  })

  test("lets at least one through, however slow it is", () => {
    expect(startLimits({ rpm: 1 }).enterTimes(2)).toEqual(["in", "client_rpm_exhausted"])
  })

  test("counts requests, not those under way", () => {
    const { limits, enter } = startLimits({ rpm: 6 })
    expect(enter()).toBe("in")
    limits.leave("alice")
    expect(enter()).toBe("client_rpm_exhausted")
  })

  test("is not used by a request that is refused for those at once, nor the other way round", () => {
    const { state, limits, enter, enterTimes } = startLimits({ maxConcurrent: 1, rpm: 12 })
    expect(enterTimes(4).slice(1)).toEqual(Array(3).fill("client_concurrency_exceeded"))
    limits.leave("alice")
    expect(enter()).toBe("in")
    limits.leave("alice")
    expect(enterTimes(3)).toEqual(Array(3).fill("client_rpm_exhausted"))
    state.now += 5_000
    expect(enterTimes(2)).toEqual(["in", "client_concurrency_exceeded"])
  })

  test("that changes applies at once: raised it fills faster, lowered it holds less, removed and set again it is full", () => {
    const { state, enter, enterTimes } = startLimits({ rpm: 6 })
    expect(enterTimes(2)).toEqual(["in", "client_rpm_exhausted"])
    state.limit = { ...none, rpm: 60 }
    state.now += 1_000
    expect(enterTimes(2)).toEqual(["in", "client_rpm_exhausted"])
    state.now += 60_000
    state.limit = { ...none, rpm: 12 }
    expect(enterTimes(3)).toEqual(["in", "in", "client_rpm_exhausted"])
    state.limit = none
    expect(enter()).toBe("in")
    state.limit = { ...none, rpm: 12 }
    expect(enterTimes(3)).toEqual(["in", "in", "client_rpm_exhausted"])
  })
})
