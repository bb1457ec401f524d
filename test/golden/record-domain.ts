import type { Rejection429 } from "@sluice/actors/decisions/command.ts"
import type { Classification } from "@sluice/events/field.ts"
import type { Admitted, AttemptEnd, Lease } from "@sluice/ingress/admission/lease.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

/** Records the golden stream of the domain's rules under schema 1: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const key = "env:GOLDEN"
  const account = (id: string, more: object) => ({ id, credential: key, concurrency: 3, ...more })
  const wanted = configuration([
    {
      id: "c",
      tpm: 60_000,
      accounts: [
        account("a", { maxSessions: 2, windowCost: { limitUsd: 1, stickyReserveUsd: 1 } }),
        account("b", { priority: 60 }),
      ],
    },
  ])
  const credentials = new Map([["b", "0123456789abcdef"]])
  const actors = await startActors({ wanted })
  await actors.node.apply({ wanted, credentials, by: "file" })
  await sessions(actors)
  await limits(actors)
  await suspension(actors)
  await actors.node.apply({ wanted, credentials: new Map([["b", "fedcba9876543210"]]), by: "file" })
  actors.node.channels.get("c")?.subject.execute({ type: "reset", by: "api:golden" })
  await settle()
  await actors.node.close()
  await writeStream("schema-1-domain", actors.log)
}

type Actors = Awaited<ReturnType<typeof startActors>>

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error("not granted")
  return admitted.lease
}

const ok = { outcome: "ok", status: 200, ttftMs: 120 } as const
const tokens = { input: 900, output: 40, cacheRead: 100, cacheWrite5m: 20, cacheWrite1h: 10, reasoning: 8 }
const bound = (id: string) => ({ session: { id, source: "header" as const } })

const rejected = (classification: Classification, more: Partial<Rejection429> = {}): AttemptEnd => ({
  outcome: "rate_limited",
  status: 429,
  ttftMs: null,
  rejection: {
    classification,
    evidence: { "error.type": "rate_limit_error" },
    retryAfterMs: null,
    resetAt: null,
    isOfModel: false,
    statedLimit: null,
    summary: `429 ${classification}`,
    ...more,
  },
})

/** Two conversations: one that stays, costs and expires, and one whose only request fails. */
const sessions = async ({ ask, clock, node }: Actors): Promise<void> => {
  const first = leaseOf(await ask("r1", bound("00000000000000aa")))
  const costs = { standardCostNanoUsd: 1_200_000_000, priced: true, prices: "golden" }
  const used = { model: "m", tokens, complete: true, estimated: false, ...costs }
  const meter = { type: "meter", lease: first.lease, account: first.account.id, ...used } as const
  node.channels.get("c")?.subject.execute(meter)
  first.release({ ...ok, windowEndsAt: clock.now() + 3_600_000 }, true)
  const failed = leaseOf(await ask("r2", bound("00000000000000bb")))
  failed.release({ outcome: "upstream_error", status: 500, ttftMs: null }, true)
  await settle()
  clock.advance(300_000)
  await settle()
}

/** What providers reject, and the way back from it. */
const limits = async ({ ask, clock, node }: Actors): Promise<void> => {
  const held: Array<Lease> = []
  for (const request of ["r3", "r4", "r5"]) held.push(leaseOf(await ask(request)))
  held[0]?.release(rejected("concurrency"), true)
  await settle()
  held[1]?.release(rejected("requests", { isOfModel: true, retryAfterMs: 2_000 }), true)
  await settle()
  held[2]?.release(rejected("overloaded"), true)
  await settle()
  clock.advance(60_000)
  await settle()
  const returning = leaseOf(await ask("r6"))
  returning.accepted(80)
  returning.release({ ...ok, isModelUnknown: true }, true)
  await settle()
  node.channels.get("c")?.subject.execute({ type: "reset", account: "a", by: "api:golden" })
  clock.advance(1_800_000)
  await settle()
}

/** A credential that is no good, on the account that is second. */
const suspension = async ({ ask }: Actors): Promise<void> => {
  const held: Array<Lease> = []
  for (const request of ["r7", "r8", "r9"]) held.push(leaseOf(await ask(request)))
  const refused = { evidence: { "error.code": "invalid_api_key" }, summary: "401 invalid_api_key" }
  for (const lease of held)
    lease.release(
      lease.account.id === "b"
        ? { outcome: "upstream_error", status: 401, ttftMs: null, credentialRefused: refused }
        : ok,
      true,
    )
  await settle()
}

await record()
