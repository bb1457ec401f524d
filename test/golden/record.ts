import { schemaNumber } from "@sluice/events/commit.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import type { Admitted, Lease } from "@sluice/ingress/admission/lease.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

/** Records the golden stream of the present schema number: run once for each number, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const file = configuration([
    {
      id: "c",
      maxConcurrent: 2,
      queueSize: 2,
      queueTimeoutMs: 1_000,
      accounts: [account("a"), account("b")],
    },
    { id: "d", maxConcurrent: 2, queueSize: 1, queueTimeoutMs: 1_000, note: "spare" },
  ])
  const alice = {
    id: "alice",
    name: "Alice",
    pools: null,
    weight: 2,
    maxConcurrent: null,
    rpm: null,
    key: "env:GOLDEN",
  }
  const wanted = { ...file, clients: [alice] }
  const first = await startActors({ wanted })
  await live(first)
  const second = await startActors({ wanted, log: first.log, clock: first.clock })
  const [only] = wanted.channels
  const fewer = { ...wanted, pools: [], clients: [], channels: only === undefined ? [] : [only] }
  await second.node.apply({ wanted: fewer, by: "file" })
  second.node.ingress.execute({ type: "stop", node: "n1" })
  await second.node.close()
  await writeStream(`schema-${schemaNumber}`, first.log)
}

const account = (id: string) => ({ id, credential: "env:GOLDEN", concurrency: 1, costMultiplier: 0.8 })

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error("not granted")
  return admitted.lease
}

const ok = { outcome: "ok", status: 200, ttftMs: 120 } as const

const live = async ({ ask, clock, admission }: Awaited<ReturnType<typeof startActors>>): Promise<void> => {
  const tokens = { input: 900, output: 40, cacheRead: 100, cacheWrite5m: 20, cacheWrite1h: 10, reasoning: 8 }
  const one = leaseOf(await ask("r1"))
  const two = leaseOf(await ask("r2"))
  const three = leaseOf(await ask("r3", { client: "bob" }))
  const spare = leaseOf(await ask("r3b"))
  const waits = [ask("r4"), ask("r5", { client: "bob", deadlineAt: clock.now() + 400 })]
  await settle()
  clock.advance(400)
  await one.meter({ model: "m", tokens, complete: true, estimated: false })
  one.release(ok, true)
  await admission.complete(completed("r1", clock.now()))
  const [four] = await Promise.all(waits)
  if (four !== undefined) leaseOf(four).release(ok, true)
  two.release(limited(7_000), true)
  three.release({ ...ok, outcome: "client_closed" }, true)
  spare.release(ok, true)
  clock.advance(8_000)
  await settle()
  await cool({ ask, clock })
  for (const request of ["r11", "r12", "r13", "r14", "r15", "r16", "r17"]) void ask(request)
  void ask("r18", { client: "bob" })
  await settle()
  clock.advance(1_500)
  await settle()
  void ask("r19")
  await settle()
}

/** Lets every account cool, one of them longer than it first had to, and its channel with it. */
const cool = async ({
  ask,
  clock,
}: Pick<Awaited<ReturnType<typeof startActors>>, "ask" | "clock">): Promise<void> => {
  const held = [await ask("r6"), await ask("r7"), await ask("r8"), await ask("r9")].map(leaseOf)
  for (const [index, lease] of held.entries()) lease.release(limited(10_000 * (index + 1)), true)
  await settle()
  clock.advance(60_000)
  await settle()
}

const limited = (retryAfterMs: number) => {
  const evidence = { "retry-after": String(retryAfterMs / 1_000) }
  const rejection = {
    classification: "requests",
    evidence,
    retryAfterMs,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: "too many requests",
  } as const
  return { outcome: "rate_limited", status: 429, ttftMs: null, rejection } as const
}

const completed = (request: string, now: number): Omit<RequestCompleted, "actor" | "type" | "at"> => ({
  request,
  client: "alice",
  protocol: "openai",
  path: "/v1/chat/completions",
  model: "m",
  pool: "p",
  streaming: true,
  arrivedAt: now - 400,
  deadlineMs: 60_000,
  estimate: { inputTokens: 1, outputTokens: 1 },
  maxTokens: 256,
  candidates: [{ channel: "d", reason: "saturated" }],
  attempts: [{ attempt: 1, channel: "c", account: "a", outcome: "ok", status: 200, waitMs: 0 }],
  channel: "c",
  account: "a",
  status: 200,
  code: "ok",
  waitMs: 0,
  ttftMs: 120,
  totalMs: 400,
  bytesIn: 2_000,
  bytesOut: 5_000,
})

await record()
