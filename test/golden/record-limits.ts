import type { AttemptEnd, Lease } from "@sluice/ingress/admission/lease.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

const by = "api:golden"

const ok: AttemptEnd = { outcome: "ok", status: 200, ttftMs: 120 }
const rejected: AttemptEnd = {
  outcome: "rate_limited",
  status: 429,
  ttftMs: null,
  rejection: {
    classification: "concurrency",
    evidence: { "error.type": "rate_limit_error" },
    retryAfterMs: null,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: "429 concurrency",
  },
}

const overRate: AttemptEnd = {
  ...rejected,
  ...(rejected.rejection && { rejection: { ...rejected.rejection, classification: "requests" } }),
}

/** Records the golden stream of a limit that is learned, and that an operator changes, under schema 2: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const bounds = { algorithm: "aether", initial: 6, min: 2, max: 20 }
  const account = { id: "a", credential: "env:GOLDEN", concurrency: { adaptive: bounds } }
  const { ask, clock, node, log } = await startActors({
    wanted: configuration([{ id: "c", accounts: [account] }]),
  })
  const endAll = async (ends: ReadonlyArray<AttemptEnd>, from: number): Promise<void> => {
    const held: Array<Lease> = []
    for (const [nth] of ends.entries()) {
      const admitted = await ask(`r${from + nth}`)
      if (admitted.kind !== "granted") throw new Error("not granted")
      held.push(admitted.lease)
    }
    clock.advance(1_000)
    for (const [nth, lease] of held.entries()) lease.release(ends[nth] ?? ok, true)
    await settle()
    // The gate that a rejection closes is open again.
    clock.advance(10_000)
    await settle()
  }
  const operate = async (command: { type: "forget" } | { type: "set_limit"; limit: number | "adaptive" }) => {
    node.channels.get("c")?.subject.execute({ ...command, account: "a", by })
    await settle()
  }
  await endAll([ok, ok, ok, ok, ok, ok], 1)
  await endAll([ok, ok, ok, ok, rejected], 7)
  await operate({ type: "set_limit", limit: 9 })
  await endAll([ok, ok], 12)
  await operate({ type: "set_limit", limit: "adaptive" })
  await endAll([ok, ok, ok], 14)
  await operate({ type: "forget" })
  await endAll([ok], 17)
  await endAll([ok, overRate], 18)
  await node.close()
  await writeStream("schema-2-limits", log)
}

await record()
