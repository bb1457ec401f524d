import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { accountOf, channelOf, contextOf } from "../group/group.ts"
import { acquire, configured, enqueue, given, release, start } from "../testing/specification.ts"
import {
  availableAt,
  chargeable,
  chargedTokens,
  levelAt,
  sizeOf,
  take,
  type TokenBucket,
} from "./token-bucket.ts"

const served = (facts: ReadonlyArray<{ type: string }>): ReadonlyArray<string> =>
  facts.flatMap((fact) =>
    fact.type === "channel.acquired" && "request" in fact ? [String(fact.request)] : [],
  )
const tokens = (inputTokens: number) => ({ estimate: { inputTokens, outputTokens: 0 } })
const used = (input: number) => ({
  tokens: { input, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  standardCostNanoUsd: 0,
  priced: true,
  prices: "test",
  complete: true,
  estimated: false,
})
const meter = (request: string, input: number) =>
  ({ type: "meter", lease: `${request}.1`, account: "a", model: "m", ...used(input) }) as const

describe("C1: a bucket", () => {
  it("holds ten seconds' worth, or one where that is less", () => {
    expect([sizeOf(60, 10).burst, sizeOf(60, 1).burst, sizeOf(3, 1).burst]).toEqual([10, 1, 1])
  })

  it("is full at first and says when the next piece comes", () => {
    const size = sizeOf(60, 1)
    const empty = take(null, size, { amount: 1, now: start })
    expect(availableAt(null, size, { amount: 1, now: start })).toBe(start)
    expect(availableAt(empty, size, { amount: 1, now: start })).toBe(start + 1_000)
  })

  it("lets an amount above the burst through when it is full, and goes below zero", () => {
    const size = sizeOf(60, 1)
    const below = take(null, size, { amount: 5, now: start })
    expect(levelAt(below, size, start)).toBe(-4)
    expect(availableAt(below, size, { amount: 1, now: start })).toBe(start + 5_000)
  })

  it("takes two bursts of an estimate, whatever a request asks for", () => {
    const size = sizeOf(6_000, 1)
    expect([50, 150, 201, 1e15].map((amount) => chargeable(size, amount))).toEqual([50, 150, 200, 200])
    expect(chargeable(sizeOf(1, 1), 1e15)).toBe(2)
  })

  it("is full again an hour after any amount that was told", () => {
    const size = sizeOf(60, 1)
    const below = take(null, size, { amount: 1e15, now: start })
    expect(levelAt(below, size, start)).toBe(-3_600)
    expect(availableAt(below, size, { amount: 1, now: start })).toBe(start + 3_601_000)
  })

  it("does not count what was read from a cache", () => {
    const kinds = { input: 1, output: 2, cacheRead: 100, cacheWrite5m: 3, cacheWrite1h: 4, reasoning: 2 }
    expect(chargedTokens(kinds)).toBe(10)
  })

  it("never lets more through than its rate and its burst (property)", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.array(fc.nat({ max: 5_000 })), (perMinute, gaps) => {
        const size = sizeOf(perMinute, 10)
        let bucket: TokenBucket | null = null
        let now = start
        let taken = 0
        for (const gap of gaps) {
          now += gap
          if (availableAt(bucket, size, { amount: 1, now }) > now) continue
          bucket = take(bucket, size, { amount: 1, now })
          taken += 1
        }
        expect(taken).toBeLessThanOrEqual(size.burst + (now - start) * size.perMs + 1e-6)
      }),
    ))
})

describe.each([
  ["a channel", (more: object) => configured({ maxConcurrent: 100, burstSeconds: 1, ...more }), "saturated"],
  ["an account", (more: object) => configured({ burstSeconds: 1 }, [{ concurrency: 100, ...more }]), "tpm"],
])("C1: the rates of %s", (_, limited, refusal) => {
  it("admit what the bucket holds and say when the next may come", () => {
    const { last } = given(limited({ rpm: 60 }), acquire("r1")).when(acquire("r2"))
    expect(last).toMatchObject({ kind: "denied", denials: [{ reason: "rpm", until: start + 1_000 }] })
  })

  it("let a waiter go when its time comes", () => {
    const { facts } = given(limited({ rpm: 60 }), acquire("r1"), enqueue("r2")).when({ afterMs: 1_000 })
    expect(served(facts)).toEqual(["r2"])
  })

  it("take nothing for a request that is refused", () => {
    const { facts } = given(limited({ rpm: 60 }), acquire("r1"), acquire("r2"), acquire("r3")).when(
      { afterMs: 1_000 },
      acquire("r4"),
    )
    expect(served(facts)).toEqual(["r4"])
  })

  it("settle the estimate when the usage is known", () => {
    const settled = given(limited({ tpm: 6_000 }), acquire("r1", tokens(100)), meter("r1", 10))
    expect(served(settled.when(acquire("r2", tokens(90))).facts)).toEqual(["r2"])
    settled.when(acquire("r3", tokens(91))).thenDenied("tpm")
  })

  it("are closed for one burst by a request that asks for all there is, and settled by what it used", () => {
    const asked = given(limited({ tpm: 6_000 }), acquire("r1", tokens(100_000_000)))
    asked.when(acquire("r2", tokens(1))).thenDenied("tpm")
    const { last } = asked.when(acquire("r2", tokens(1)))
    expect(last).toMatchObject({ denials: [{ until: start + 1_010 }] })
    expect(served(asked.when({ afterMs: 1_010 }, acquire("r3", tokens(1))).facts)).toEqual(["r3"])
    expect(served(asked.when(meter("r1", 40), acquire("r4", tokens(60))).facts)).toEqual(["r4"])
    expect(served(asked.when(meter("r1", 40), acquire("r5", tokens(61))).facts)).toEqual([])
  })

  it("let nobody with fewer tokens overtake the one whose turn it is", () => {
    const { facts } = given(
      limited({ tpm: 6_000 }),
      acquire("r1", tokens(100)),
      enqueue("large", tokens(100)),
      enqueue("small", { client: "bob", arrivedAt: start + 1, ...tokens(1) }),
      { afterMs: 500 },
    ).when({ afterMs: 500 })
    expect(served(facts)).toEqual(["large"])
  })

  it("let no newcomer take the tokens that a waiter waits for", () =>
    given(limited({ tpm: 6_000 }), acquire("r1", tokens(100)), enqueue("large", tokens(100)), {
      afterMs: 500,
    })
      .when(acquire("small", { client: "bob", model: "n", ...tokens(1) }))
      .thenDenied(refusal))
})

describe("C1: tokens of an attempt that was never metered", () => {
  it("are given back by the account that it ended on", () => {
    const account = configured({ burstSeconds: 1 }, [{ tpm: 6_000 }])
    const { facts } = given(account, acquire("r1", tokens(100)), release("r1")).when(
      acquire("r2", tokens(100)),
    )
    expect(served(facts)).toEqual(["r2"])
  })

  it("are given back by the channel", () => {
    const { facts } = given(configured({ burstSeconds: 1, tpm: 6_000 }), acquire("r1", tokens(100))).when(
      release("r1", { outcome: "upstream_error", status: 500 }),
      acquire("r2", tokens(100)),
    )
    expect(facts).toContainEqual(
      expect.objectContaining({ type: "channel.settled", tokens: 0, estimatedTokens: 100 }),
    )
    expect(served(facts)).toEqual(["r2"])
  })

  it("are told to the channel where it counts them", () => {
    const { facts, group } = given(configured({ tpm: 6_000 }), acquire("r1", tokens(100))).when(
      meter("r1", 40),
    )
    expect(facts).toContainEqual(
      expect.objectContaining({ type: "channel.settled", tokens: 40, estimatedTokens: 100 }),
    )
    expect(channelOf(group).tpm?.level).toBe(960)
  })
})

describe("C8: a reset", () => {
  const emptied = given(
    configured({ rpm: 60, tpm: 600, burstSeconds: 1 }, [{ rpm: 60, tpm: 600 }]),
    acquire("r1", tokens(10)),
    meter("r1", 100_000),
    release("r1"),
  )

  it("fills the buckets of an account and leaves those of its channel", () => {
    const { facts, group } = emptied.when({ type: "reset", account: "a", by: "api:ops" })
    expect(facts).toMatchObject([
      { type: "account.reset", cleared: ["bucket of requests", "bucket of tokens"], refilled: true },
    ])
    expect(contextOf(accountOf(group, "a"))).toMatchObject({ rpm: null, tpm: null })
    expect(channelOf(group).tpm?.level).toBeLessThan(0)
  })

  it("fills all of a channel, so that the next request goes", () => {
    const { facts } = emptied.when({ type: "reset", by: "api:ops" }, acquire("r2", tokens(10)))
    expect(facts[0]).toMatchObject({ type: "channel.reset", refilled: true })
    expect(served(facts)).toEqual(["r2"])
  })

  it("lets a waiter go that waits for tokens", () => {
    const { facts } = given(
      configured({ burstSeconds: 1, queueTimeoutMs: 0 }, [{ tpm: 600 }]),
      acquire("r1", tokens(10)),
      meter("r1", 100_000),
      enqueue("r2", tokens(10)),
    ).when({ type: "reset", account: "a", by: "api:ops" })
    expect(served(facts)).toEqual(["r2"])
  })
})
