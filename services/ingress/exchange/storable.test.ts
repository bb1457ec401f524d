import { FactsRefused } from "@sluice/infra/actor-host/storable-facts.ts"
import { describe, expect, it } from "vitest"
import type { Lease } from "../admission/lease.ts"
import { configuration, factsIn, settle, startActors } from "../testing/actors-in-memory.ts"

const wanted = configuration([{ id: "c", accounts: [{ id: "a", credential: "env:KEY", concurrency: 2 }] }])
const absurd = { inputTokens: 1, outputTokens: 2 ** 60 }

const leaseOf = (admitted: { readonly kind: string }): Lease => {
  if (admitted.kind !== "granted") throw new Error(`it was ${admitted.kind}`)
  return (admitted as unknown as { readonly lease: Lease }).lease
}

/** Opens the same log again, as a process that follows. */
const restarted = async (log: Awaited<ReturnType<typeof startActors>>["log"]) => {
  const { node } = await startActors({ wanted, log })
  return [...node.channels.values()].map(({ id, subject }) => [id, subject.isLive])
}

describe("L6: what no fact can hold", () => {
  it("fails the request that brings it, waiting or not, and the channel serves the others", async () => {
    const { ask, log, node } = await startActors({ wanted })
    await expect(ask("r1", { estimate: absurd })).rejects.toBeInstanceOf(FactsRefused)
    const first = leaseOf(await ask("r2"))
    const second = leaseOf(await ask("r3"))
    await expect(ask("r4", { estimate: absurd })).rejects.toBeInstanceOf(FactsRefused)
    for (const lease of [first, second]) lease.release({ outcome: "ok", status: 200, ttftMs: 1 }, true)
    await node.channels.get("c")?.subject.settled
    expect(leaseOf(await ask("r5")).lease).not.toBe("")
    expect(await restarted(log)).toEqual([["c", true]])
  })

  it("fails the operation that brings it, and the channel can be opened again", async () => {
    const { log, operate } = await startActors({ wanted })
    const asked = operate({ type: "reset", actor: "channel/c", by: "somebody" })
    await expect(asked).rejects.toThrow(/by/u)
    expect(await restarted(log)).toEqual([["c", true]])
  })

  it("is left out of the end of an attempt, and its slot is free again", async () => {
    const { ask, log, node, clock } = await startActors({ wanted })
    const lease = leaseOf(await ask("r1"))
    lease.release({ outcome: "ok", status: Number.NaN, ttftMs: 1 }, true)
    await settle()
    clock.advance(1_000)
    await settle()
    await node.channels.get("c")?.subject.settled
    const ends = (await factsIn(log)).filter(({ type }) => type === "account.released")
    expect(ends).toMatchObject([{ lease: lease.lease, outcome: "aborted", status: 0 }])
  })
})
