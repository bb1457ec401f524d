import { describe, expect, it } from "vitest"
import type { Release } from "../decisions/command.ts"
import { accountOf, channelOf, contextOf, type Group } from "../group/group.ts"
import { acquire, configured, given, rejected, release, start } from "../testing/specification.ts"

const a = (group: Group) => contextOf(accountOf(group, "a"))
const failed = { outcome: "upstream_error", status: 500 } as const
/** Requests that end one after the other, each as it is said. */
const ending = (...ends: ReadonlyArray<Partial<Release>>) =>
  ends.flatMap((end, n) => [acquire(`r${n}`), release(`r${n}`, end)])
const times = (count: number, end: Partial<Release>) => ending(...Array.from({ length: count }, () => end))
const refusedWith = (fingerprint: string) =>
  ({ outcome: "upstream_error", status: 403, fingerprint }) as const
const invalidKey = {
  outcome: "upstream_error",
  status: 401,
  credentialRefused: { evidence: { "error.code": "invalid_api_key" }, summary: "401 invalid_api_key" },
} as const

describe("C7: failures", () => {
  it.each([
    ["5xx", failed],
    ["no connection", { outcome: "upstream_error", status: 0 } as const],
    ["a timeout", { outcome: "timeout", status: 0 } as const],
  ])("five in a row of %s cool the account as failing", (_, end) => {
    expect(
      given(configured({ abortLingerMs: 0 }))
        .when(...times(4, end))
        .facts.at(-1),
    ).toMatchObject({ type: "account.released" })
    const { facts } = given(configured({ abortLingerMs: 0 })).when(...times(5, end))
    expect(facts.at(-1)).toMatchObject({ type: "channel.cooldown_started" })
    expect(facts.at(-2)).toMatchObject({
      type: "account.cooldown_started",
      classification: "failing",
      consecutive: 1,
      until: start + 5_000,
    })
  })

  it.each([
    ["a success", { outcome: "ok", status: 200 } as const],
    ["any answer that is no failure", { outcome: "upstream_error", status: 400 } as const],
  ])("are forgotten after %s", (_, end) => {
    const { group } = given(configured()).when(...ending(failed, failed, failed, failed, end, failed))
    expect([a(group).failures, a(group).cooldown]).toEqual([1, null])
  })

  it("a client that leaves is none, and forgets none", () => {
    const left = { outcome: "client_closed", status: 200, dispatched: false } as const
    const { group } = given(configured()).when(...ending(failed, left, failed))
    expect(a(group).failures).toBe(2)
  })
})

describe("C7: suspension", () => {
  it("follows at once where the answer speaks of the credential", () => {
    const suspended = given(configured()).when(...ending(invalidKey))
    expect(suspended.facts.at(-1)).toMatchObject({
      type: "account.suspended",
      reason: "credential",
      status: 401,
    })
    expect(suspended.group.usable).toEqual([])
    given(configured(), ...ending(invalidKey))
      .when(acquire("r9"))
      .thenDenied("suspended")
  })

  it("is told once", () => {
    const { facts } = given(configured(), acquire("x"), ...ending(invalidKey)).when(release("x", invalidKey))
    expect(facts.map(({ type }) => type)).toEqual(["channel.released", "account.released"])
  })

  it("follows three different bodies that were refused with no success between", () => {
    const { facts } = given(configured()).when(
      ...ending(refusedWith("one"), refusedWith("two"), refusedWith("three")),
    )
    expect(facts.at(-1)).toMatchObject({ type: "account.suspended", reason: "refused" })
  })

  it.each([
    ["the same body three times", [refusedWith("one"), refusedWith("one"), refusedWith("one")]],
    ["a success between them", [refusedWith("one"), refusedWith("two"), {}, refusedWith("three")]],
  ])("does not follow %s", (_, ends) => {
    expect(a(given(configured()).when(...ending(...ends)).group).suspended).toBe(false)
  })

  const withCredential = (credential: string, note = "") => ({
    ...(configured({}, [{ note }]) as Extract<ReturnType<typeof configured>, { type: "configure" }>),
    credentials: new Map([["a", credential]]),
  })

  it("does not follow from what was sent with the credential before", () => {
    const late = given(withCredential("old"), acquire("r1"), withCredential("new")).when(
      release("r1", invalidKey),
    )
    expect(a(late.group).suspended).toBe(false)
  })

  it("is lifted by a new credential, and by no other change", () => {
    const suspended = given(withCredential("old"), ...ending(invalidKey))
    expect(a(suspended.when(withCredential("old", "changed")).group).suspended).toBe(true)
    const { facts, group } = suspended.when(withCredential("new"))
    expect(facts).toMatchObject([
      { type: "account.configured", credential: "new" },
      { type: "account.restored", reason: "credential" },
    ])
    expect(a(group).suspended).toBe(false)
  })
})

describe("C7: a model that the upstream does not know", () => {
  const unknown = { outcome: "upstream_error", status: 404, isModelUnknown: true } as const

  it("is not asked for again on this channel for half an hour", () => {
    const blocked = given(configured(), ...ending(unknown))
    blocked.when(acquire("r9")).thenDenied("model_cooling")
    expect(blocked.when(acquire("r9", { model: "n" })).facts).toHaveLength(2)
    expect(blocked.when({ afterMs: 1_800_000 }, acquire("r9")).facts).toMatchObject([
      { type: "channel.cooldown_ended", reason: "elapsed" },
      { type: "channel.acquired" },
      { type: "account.acquired" },
    ])
  })
})

describe("C8: a manual reset", () => {
  it("of an account clears what stands in its way, and its cooldown ends with a fact that names it", () => {
    const { facts, group } = given(configured(), acquire("r1"), rejected("r1")).when({
      type: "reset",
      account: "a",
      by: "api:test",
    })
    expect(facts).toMatchObject([
      { type: "account.cooldown_ended", id: "a:r1.1", reason: "manual" },
      { type: "account.reset", cleared: ["cooldown", "counters"] },
      { type: "channel.cooldown_ended" },
    ])
    expect([a(group).cooldown, a(group).consecutive]).toEqual([null, 0])
  })

  it("of a channel is one of all its accounts, and of the models that it does not know", () => {
    const unknown = { outcome: "upstream_error", status: 404, isModelUnknown: true } as const
    const { facts, group } = given(configured(), acquire("x"), ...ending(unknown, invalidKey)).when({
      type: "reset",
      by: "api:test",
    })
    expect(facts.map(({ type }) => type)).toEqual([
      "channel.cooldown_ended",
      "channel.reset",
      "account.reset",
    ])
    expect([a(group).suspended, channelOf(group).blockedModels]).toEqual([false, {}])
  })
})
