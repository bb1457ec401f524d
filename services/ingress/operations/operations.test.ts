import type { Operation } from "@sluice/infra/operations/operation.ts"
import { describe, expect, it } from "vitest"
import { configuration, factsIn, startActors } from "../testing/actors-in-memory.ts"

const by = "api:test"
const account = (id: string, concurrency: unknown) => ({ id, credential: "env:KEY", concurrency })

const start = async () => {
  const channels = [
    { id: "c", accounts: [account("a", { adaptive: { initial: 6 } }), account("b", 4)] },
    { id: "d", maxConcurrent: { adaptive: { initial: 7 } } },
  ]
  const { log, operate } = await startActors({ wanted: configuration(channels) })
  return { log, ask: operate }
}

describe("S6: operations on limits", () => {
  it("make a limit that was learned a number, and are in the log when they answer", async () => {
    const { ask, log } = await start()
    expect(await ask({ type: "set_limit", limited: "a", limit: 12, by })).toEqual({
      ok: true,
      message: "the limit of account/a is 12, and no longer learned",
      value: { id: "a", isAdaptive: false, maxConcurrent: 12, effectiveLimit: 12, previousMode: "adaptive" },
    })
    expect((await factsIn(log)).at(-1)).toMatchObject({ type: "account.mode_changed", by, to: 12 })
  })

  it("let a number be learned as the settings say", async () => {
    const { ask, log } = await start()
    expect(await ask({ type: "set_limit", limited: "b", limit: "adaptive", by })).toMatchObject({
      message: "the limit of account/b is learned, from 20 on",
      value: { isAdaptive: true, maxConcurrent: null, effectiveLimit: 20, previousMode: "fixed" },
    })
    const adaptive = { algorithm: "aether", initial: 20, min: 3, max: 200 }
    expect((await factsIn(log)).at(-1)).toMatchObject({ from: 4, to: { adaptive } })
  })

  it("forget what was learned, of a number too", async () => {
    const { ask } = await start()
    const message = (id: string, rest: string) => `what account/${id} has learned is forgotten: ${rest}`
    const learned = message("a", "its limit is learned anew, from 6 on")
    expect(await ask({ type: "forget", limited: "a", by })).toEqual({
      ok: true,
      message: learned,
      value: { id: "a", message: learned },
    })
    expect(await ask({ type: "forget", limited: "b", by })).toMatchObject({
      message: message("b", "its limit stays a number"),
    })
  })

  it("tell of the accounts that learn", async () => {
    const { ask } = await start()
    expect(await ask({ type: "adaptive_list", kind: "account", channel: "c" })).toMatchObject({
      value: [{ id: "a" }],
    })
    expect(await ask({ type: "adaptive_list", kind: "account", channel: "d" })).toMatchObject({ value: [] })
    expect(await ask({ type: "adaptive_stats", limited: "b" })).toMatchObject({ value: { maxConcurrent: 4 } })
    expect(await ask({ type: "adaptive_summary" })).toMatchObject({ value: { adaptiveCount: 2 } })
  })

  it("know channels too, by their id where no account has it, and by their name", async () => {
    const { ask, log } = await start()
    expect(await ask({ type: "adaptive_list", kind: "channel", channel: null })).toMatchObject({
      value: [{ id: "d", channel: "d", effectiveLimit: 7 }],
    })
    expect(await ask({ type: "adaptive_stats", limited: "d" })).toMatchObject({ value: { kind: "channel" } })
    expect(await ask({ type: "set_limit", limited: "channel/d", limit: 3, by })).toEqual({
      ok: true,
      message: "the limit of channel/d is 3, and no longer learned",
      value: { id: "d", isAdaptive: false, maxConcurrent: 3, effectiveLimit: 3, previousMode: "adaptive" },
    })
    expect((await factsIn(log)).at(-1)).toMatchObject({ type: "channel.mode_changed", by, to: 3, limit: 3 })
    expect(await ask({ type: "forget", limited: "d", by })).toMatchObject({
      message: "what channel/d has learned is forgotten: its limit stays a number",
    })
  })

  it("refuse two limits that would be learned of the same attempts (F5)", async () => {
    const { ask } = await start()
    expect(await ask({ type: "set_limit", limited: "d-default", limit: 3, by })).toEqual({
      ok: false,
      message:
        "channel/d learns its limit, so account/d-default cannot have one: make that of channel/d a number first",
    })
    expect(await ask({ type: "set_limit", limited: "c", limit: "adaptive", by })).toEqual({
      ok: false,
      message:
        "account/a has a limit, so channel/c cannot learn one: a channel learns only where none of its accounts has one",
    })
  })

  it.each<[Operation, string]>([
    [{ type: "set_limit", limited: "x", limit: 5, by }, "there is no account/x and no channel/x"],
    [{ type: "forget", limited: "channel/x", by }, "there is no channel/x"],
    [{ type: "adaptive_stats", limited: "account/x" }, "there is no account/x"],
    [{ type: "adaptive_list", kind: "account", channel: "x" }, "there is no channel/x"],
    [{ type: "reset", actor: "account/x", by }, "there is no account/x"],
  ])("say in one line that there is no such actor", async (operation, message) => {
    const { ask } = await start()
    expect(await ask(operation)).toEqual({ ok: false, message })
  })
})

describe("R3: what the running actors hold", () => {
  it("is told at a version that the log holds, once what is under way is stored", async () => {
    const { ask, log } = await start()
    const subject = "sluice.log.channel.c"
    const setting = ask({ type: "set_limit", limited: "b", limit: 9, by })
    const { ok, value } = await ask({ type: "state", subject })
    await setting
    expect([ok, value]).toMatchObject([true, { version: 2 }])
    expect(JSON.stringify(value)).toContain('"mode":9')
    expect((await log.last(subject))?.sequence).toBe(await log.head())
    expect(await ask({ type: "state", subject: "sluice.log.ingress.n1" })).toMatchObject({
      value: { version: 1 },
    })
    expect((await ask({ type: "state", subject: "sluice.log.channel.x" })).ok).toBe(false)
  })
})

describe("C8: a reset", () => {
  const startLimited = async () => {
    const windowed = { ...account("a", 4), tpm: 600, windowCost: { limitUsd: 1 } }
    const { ask: admit, operate } = await startActors({
      wanted: configuration([{ id: "c", accounts: [windowed, account("b", 4)] }]),
    })
    return { admit, ask: operate }
  }

  it("fills an account's buckets and says what its window has cost", async () => {
    const { ask, admit } = await startLimited()
    await admit("r1", { estimate: { inputTokens: 100, outputTokens: 0 } })
    const message =
      "account/a is reset: cleared bucket of tokens of account/a, window of account/a: it has cost 0.25 USD"
    expect(await ask({ type: "reset", actor: "account/a", windowCostUsd: 0.25, by })).toEqual({
      ok: true,
      message,
    })
  })

  it("refuses to say what a window has cost that there is not", async () => {
    const { ask } = await startLimited()
    for (const actor of ["account/b", "channel/c"])
      expect(await ask({ type: "reset", actor, windowCostUsd: 0, by })).toEqual({
        ok: false,
        message: `${actor} has no window: only an account with windowCost has one`,
      })
  })
})
