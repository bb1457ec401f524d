import type { AttemptEnd, Lease } from "@sluice/ingress/admission/lease.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

const by = "api:golden"

const ok: AttemptEnd = { outcome: "ok", status: 200, ttftMs: 120 }
const silentOk: AttemptEnd = { ...ok }
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

/** Records the golden stream of a channel that learns its limit, and that an operator changes, under schema 2: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const { ask, clock, node, log } = await startActors({
    wanted: configuration([{ id: "c", maxConcurrent: { adaptive: { initial: 2, max: 20 } } }]),
  })
  const subject = node.channels.get("c")?.subject
  let asked = 0
  const sendAll = async (ends: ReadonlyArray<AttemptEnd>): Promise<ReadonlyArray<Lease>> => {
    const held: Array<Lease> = []
    for (const end of ends) {
      asked += 1
      const admitted = await ask(`r${asked}`)
      if (admitted.kind !== "granted") throw new Error("not granted")
      held.push(admitted.lease)
      clock.advance(40)
      if (end === ok) admitted.lease.accepted(40)
      await settle()
    }
    return held
  }
  const endAll = async (ends: ReadonlyArray<AttemptEnd>): Promise<void> => {
    const held = await sendAll(ends)
    for (const [nth, lease] of held.entries()) lease.release(ends[nth] ?? ok, true)
    await settle()
    clock.advance(10_000)
    await settle()
  }
  await endAll([ok, ok, ok, ok])
  await endAll([ok, ok, ok, ok, rejected])
  // Nobody tells of the last of these whether it was taken: the time does.
  const silent = await sendAll([ok, ok, ok, ok, silentOk])
  clock.advance(400)
  await settle()
  for (const lease of silent) lease.release(ok, true)
  await settle()
  subject?.execute({ type: "set_limit", limit: 9, by })
  await endAll([ok, ok])
  subject?.execute({ type: "set_limit", limit: "adaptive", by })
  await endAll([ok, ok, rejected, rejected, rejected])
  subject?.execute({ type: "forget", by })
  await endAll([ok])
  await node.close()
  await writeStream("schema-2-channel-limits", log)
}

await record()
