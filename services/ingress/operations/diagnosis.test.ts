import type { Command } from "@sluice/actors/decisions/command.ts"
import {
  acquire,
  configured,
  enqueue,
  given,
  rejected,
  release,
  start,
} from "@sluice/actors/testing/specification.ts"
import { describe, expect, it } from "vitest"
import { diagnose } from "./diagnosis.ts"

const asked = { model: null, now: start }

const reasonsAfter = (steps: ReadonlyArray<Command>, of: { model: string | null; now: number } = asked) => {
  const { group } = given().when(...steps)
  return diagnose("c", group, of).map(({ account, model, reason, until }) => ({
    of: account ?? "channel",
    reason,
    ...(until === null ? {} : { inMs: until - start }),
    ...(model === of.model ? {} : { model }),
  }))
}

describe("R6: why each account would refuse now, and until when", () => {
  it("nothing is in the way", () => {
    expect(reasonsAfter([configured()])).toEqual([
      { of: "channel", reason: null },
      { of: "a", reason: null },
    ])
  })

  it("the channel is full, and who waits is counted", () => {
    const { group } = given().when(configured({ maxConcurrent: 1 }), acquire("r1"), enqueue("r2"))
    expect(diagnose("c", group, asked)).toMatchObject([
      { account: null, reason: "saturated", inFlight: 1, limit: 1, waiting: 1 },
      { account: "a", reason: null, inFlight: 1, limit: null },
    ])
  })

  it("an account cools, is full, keeps its slots, has no tokens left, or is disabled", () => {
    const accounts = [
      {},
      { concurrency: 1 },
      { concurrency: 1, reservedConcurrency: 1 },
      { rpm: 1 },
      { enabled: false },
    ]
    const only = (account: string) => ({ account })
    expect(
      reasonsAfter([
        configured({}, accounts),
        acquire("r1", only("a")),
        rejected("r1", only("a")),
        acquire("r2", only("a1")),
        acquire("r3", only("a3")),
      ]),
    ).toEqual([
      { of: "channel", reason: null },
      { of: "a", reason: "cooling", inMs: 5_000 },
      { of: "a1", reason: "saturated" },
      { of: "a2", reason: "reserved" },
      { of: "a3", reason: "rpm", inMs: 60_000 },
      { of: "a4", reason: "disabled" },
    ])
  })

  it("a credential was refused, and with it the only account", () => {
    const credentialRefused = { evidence: {}, summary: "invalid key" }
    const end = release("r1", { outcome: "upstream_error", status: 401, credentialRefused })
    expect(reasonsAfter([configured(), acquire("r1"), end])).toEqual([
      { of: "channel", reason: null },
      { of: "a", reason: "suspended" },
    ])
  })

  it("a channel cools while all of its accounts do", () => {
    expect(reasonsAfter([configured(), acquire("r1"), rejected("r1")])).toEqual([
      { of: "channel", reason: "cooling", inMs: 5_000 },
      { of: "a", reason: "cooling", inMs: 5_000 },
    ])
  })

  it("one model is in the way alone: beside, or as the reason where it is asked for", () => {
    const unknown = release("r1", { outcome: "upstream_error", status: 404, isModelUnknown: true })
    const steps = [configured({ models: ["m", "n"] }), acquire("r1"), unknown]
    expect(reasonsAfter(steps)).toEqual([
      { of: "channel", reason: null },
      { of: "channel", reason: "model_cooling", inMs: 1_800_000, model: "m" },
      { of: "a", reason: null },
    ])
    expect(reasonsAfter(steps, { model: "m", now: start })[0]).toEqual({
      of: "channel",
      reason: "model_cooling",
      inMs: 1_800_000,
    })
    expect(reasonsAfter(steps, { model: "n", now: start })[0]).toEqual({ of: "channel", reason: null })
  })

  it("a channel that does not serve the model, or is removed, is left out", () => {
    expect(reasonsAfter([configured()], { model: "other", now: start })).toEqual([])
    const removed = { ...configured(), channel: null, accounts: [] } as ReturnType<typeof configured>
    expect(reasonsAfter([configured(), removed])).toEqual([])
    expect(reasonsAfter([configured({ enabled: false })])[0]).toEqual({ of: "channel", reason: "disabled" })
  })
})
