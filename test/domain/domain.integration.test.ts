import { askOperation } from "@sluice/infra/operations/operations.ts"
import { describe, expect, it } from "vitest"
import { startProduct } from "../product.ts"
import { until } from "../until.ts"

const codeOf = async (answer: Response): Promise<string> => {
  const body = (await answer.json()) as { error?: { code: string } }
  return answer.status === 200 ? "ok" : (body.error?.code ?? String(answer.status))
}

const atOnce = (count: number, ask: (n: number) => Promise<Response>): Promise<ReadonlyArray<string>> =>
  Promise.all(Array.from({ length: count }, (_, n) => ask(n).then(codeOf)))

const counted = (codes: ReadonlyArray<string>): Record<string, number> =>
  Object.fromEntries(
    Map.groupBy(codes, (code) => code)
      .entries()
      .map(([code, all]) => [code, all.length]),
  )

/** A configuration of two channels in one tier, or of other accounts, for the provider at a URL. */
const channelsAt =
  (...channels: ReadonlyArray<Record<string, unknown>>) =>
  (baseUrl: string) => ({
    pools: [{ id: "p", models: ["demo-gpt"], tiers: [channels.map(({ id }) => id)] }],
    channels: channels.map((channel) => ({ protocol: "openai", baseUrl, models: ["demo-gpt"], ...channel })),
  })

const account = (id: string, more = {}) => ({ id, credential: "env:SLUICE_TEST_KEY", ...more })

describe("limits", () => {
  it("A5, A6, A10: limit 1, queue 2, four at once: 3 OK, 1 full; soft 4 from then on, five at once: 5 OK", async () => {
    await using product = await startProduct({
      provider: { serviceMs: 300, jitter: 0 },
      channel: { maxConcurrent: 1, queueSize: 2 },
    })
    expect(counted(await atOnce(4, () => product.complete()))).toEqual({ ok: 3, channel_queue_full: 1 })
    expect(await product.configure({ channel: { maxConcurrent: 4, queueSize: 2, mode: "soft" } })).toBe(
      "applies",
    )
    expect(counted(await atOnce(5, () => product.complete()))).toEqual({ ok: 5 })
    expect(product.provider.stats().peakInFlight).toBe(5)
  })

  it("A10: a changed note keeps the limit of 1 while one is in flight", async () => {
    await using product = await startProduct({
      provider: { serviceMs: 2_000, jitter: 0 },
      channel: { maxConcurrent: 1 },
    })
    const first = product.complete()
    await until(() => product.provider.stats().inFlight === 1, "one is in flight")
    expect(await product.configure({ channel: { maxConcurrent: 1, note: "changed" } })).toBe("applies")
    expect(product.provider.stats().inFlight).toBe(1)
    const second = product.complete()
    expect([await first.then(codeOf), await second.then(codeOf)]).toEqual(["ok", "ok"])
    expect(product.provider.stats().peakInFlight).toBe(1)
  })

  it("B3: two channels without a limit share 30 requests", async () => {
    await using product = await startProduct({ configuration: channelsAt({ id: "c" }, { id: "d" }) })
    expect(counted(await atOnce(30, () => product.complete()))).toEqual({ ok: 30 })
    const rows = (await product.query("usage")) as ReadonlyArray<{ channel: string; requests: number }>
    expect(rows.map(({ channel }) => channel).toSorted()).toEqual(["c", "d"])
    expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(30)
  })

  it("C3, F5: a hidden limit below the configured one: no client sees a 429", async () => {
    await using product = await startProduct({
      provider: { serviceMs: 50, jitter: 0, concurrencyLimit: 2 },
      channel: { queueSize: 100 },
      account: { concurrency: 8 },
    })
    expect(counted(await atOnce(30, () => product.complete()))).toEqual({ ok: 30 })
    const { concurrency } = product.provider.stats().rejected
    expect(concurrency).toBeGreaterThan(0)
    expect(concurrency).toBeLessThan(30)
    expect(product.provider.stats().inFlight).toBe(0)
  })

  it("C1: requests beyond the burst wait for their turn, or are refused where it comes too late", async () => {
    await using product = await startProduct({ channel: { rpm: 120, burstSeconds: 1, maxConcurrent: 50 } })
    const waiting = await atOnce(4, () => product.complete())
    expect(counted(waiting)).toEqual({ ok: 4 })
    const hasty = await atOnce(3, () => product.complete({ "x-sluice-deadline-ms": "20" }))
    expect(hasty).toContain("channel_rpm_exhausted")
    expect(await product.query("cooldowns")).toEqual([])
  })
})

describe("failures", () => {
  it("B9: 500 then 200 is one answer and two attempts; 502 to every attempt is 502 after two of them", async () => {
    await using product = await startProduct()
    const once = { "x-sim-fault": "500", "x-sim-fault-times": "1", "x-sim-key": "once" }
    const answer = await product.complete(once)
    expect([answer.status, answer.headers.get("x-sluice-attempts")]).toEqual([200, "2"])
    await answer.text()
    const failed = await product.complete({ "x-sim-fault": "502" })
    expect([failed.status, failed.headers.get("x-sluice-attempts")]).toEqual([502, "2"])
    expect(product.provider.stats().statuses).toEqual({ 200: 1, 500: 1, 502: 2 })
  })

  it("B9, A9: 50 requests and all of their retries under sustained 429 leak no slot", async () => {
    await using product = await startProduct({
      configuration: channelsAt({
        id: "c",
        maxConcurrent: 4,
        queueSize: 200,
        cooldown: { baseMs: 1, maxMs: 1, guardMs: 0 },
        accounts: ["a", "b", "c", "d"].map((id) => account(id)),
      }),
    })
    const codes = await atOnce(50, (n) => product.complete({ "x-sim-fault": "429", "x-sim-key": `k${n}` }))
    expect(codes).not.toContain("ok")
    expect(product.provider.stats().statuses["429"]).toBeGreaterThan(50)
    await until(() => product.provider.stats().inFlight === 0, "nothing is in flight")
    expect(counted(await atOnce(4, () => product.complete()))).toEqual({ ok: 4 })
  })

  it("C7, C8: a credential that is refused suspends its account until an operator lifts it", async () => {
    await using product = await startProduct()
    expect((await product.complete({ "x-sim-fault": "401" })).status).toBe(401)
    expect(await product.complete().then(codeOf)).toBe("no_candidate")
    const reset = { type: "reset", actor: "account/a", by: "api:test" } as const
    expect(await askOperation(product.nats.url, reset)).toMatchObject({ ok: true })
    expect(await product.complete().then(codeOf)).toBe("ok")
    expect(await askOperation(product.nats.url, { ...reset, actor: "account/none" })).toEqual({
      ok: false,
      message: "there is no account/none",
    })
  })

  it("C7, B10: with only a failing account left it says what the upstream says, or that it fails, until a test succeeds", async () => {
    await using product = await startProduct({
      configuration: (baseUrl) => ({
        ...channelsAt({ id: "c", accounts: [account("a")], cooldown: { baseMs: 60_000 } })(baseUrl),
        pools: [{ id: "p", models: ["demo-gpt"], tiers: [["c"]], retries: { attempts: 1 } }],
      }),
    })
    const fail = async () => (await product.complete({ "x-sim-fault": "500" })).status
    for (let failure = 0; failure < 8; failure += 1) expect(await fail()).toBe(500)
    const answer = await product.complete({ "x-sluice-deadline-ms": "20" })
    expect([answer.status, await codeOf(answer)]).toEqual([503, "upstream_failing"])
    expect(await product.complete().then(codeOf)).toBe("ok")
  })
})

describe("conversations and money", () => {
  it("B7: a conversation stays on its account, and goes elsewhere while that one cools", async () => {
    await using product = await startProduct({
      configuration: channelsAt({ id: "c", accounts: [account("a"), account("b")] }),
    })
    const say = (more = {}) => product.complete({ "x-sluice-session": "s", ...more }).then(codeOf)
    for (let turn = 0; turn < 3; turn += 1) expect(await say()).toBe("ok")
    const sessions = await product.query("sessions")
    expect(sessions).toMatchObject([{ requests: 3 }])
    expect(
      await say({ "x-sim-fault": "429-retry-after=50", "x-sim-fault-times": "1", "x-sim-key": "k" }),
    ).toBe("ok")
    const used = (await product.query("usage")) as ReadonlyArray<{ account: string; requests: number }>
    expect(used.map(({ requests }) => requests).toSorted((one, other) => one - other)).toEqual([1, 3])
    expect(await product.query("sessions")).toMatchObject([{ account: sessions[0]?.["account"] }])
  })

  it("D5: an account at the limit of its window takes only bound requests", async () => {
    await using product = await startProduct({
      configuration: (baseUrl) => ({
        pools: [{ id: "p", models: ["gpt-4o-mini"], tiers: [["c"]] }],
        channels: [
          {
            id: "c",
            protocol: "openai",
            baseUrl,
            models: ["gpt-4o-mini"],
            accounts: [account("a", { windowCost: { limitUsd: 0.01 } })],
          },
        ],
      }),
    })
    const ask = (headers = {}) =>
      product.complete({ "x-sim-output-tokens": "30000", ...headers }, { model: "gpt-4o-mini" }).then(codeOf)
    expect(await ask({ "x-sluice-session": "s" })).toBe("ok")
    expect(await ask()).toBe("no_candidate")
    expect(await ask({ "x-sluice-session": "s" })).toBe("ok")
    expect(await product.query("window-cost")).toMatchObject([{ account: "a", state: "sticky_only" }])
  })
})
