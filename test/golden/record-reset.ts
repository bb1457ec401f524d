import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

const by = "api:golden"

/** Records the golden stream of an account whose buckets an operator fills and whose window of cost he corrects, under schema 2: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const account = {
    id: "a",
    credential: "env:GOLDEN",
    concurrency: 4,
    rpm: 60,
    tpm: 600,
    windowCost: { limitUsd: 1, stickyReserveUsd: 0.5 },
  }
  const { ask, clock, node, log } = await startActors({
    wanted: configuration([{ id: "c", rpm: 60, tpm: 600, accounts: [account] }]),
  })
  const subject = node.channels.get("c")?.subject
  const tokens = { input: 90_000, output: 40, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
  const use = async (request: string, isMetered: boolean): Promise<void> => {
    const admitted = await ask(request, { estimate: { inputTokens: 10, outputTokens: 1_000_000 } })
    if (admitted.kind !== "granted") throw new Error("not granted")
    if (isMetered) void admitted.lease.meter({ model: "m", tokens, complete: true, estimated: false })
    admitted.lease.release({ outcome: "ok", status: 200, ttftMs: 120 }, true)
    await settle()
  }
  await use("r1", false)
  await use("r2", true)
  subject?.execute({ type: "reset", account: "a", windowCostNanoUsd: 2_000_000_000, by })
  await settle()
  clock.advance(10_000)
  subject?.execute({ type: "reset", by })
  subject?.execute({ type: "reset", account: "a", windowCostNanoUsd: 0, by })
  await settle()
  await use("r3", true)
  await node.close()
  await writeStream("schema-2-reset", log)
}

await record()
