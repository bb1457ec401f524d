import type { Admitted, AttemptEnd, Lease } from "@sluice/ingress/admission/lease.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

const failed: AttemptEnd = { outcome: "upstream_error", status: 500, ttftMs: null }
const ok: AttemptEnd = { outcome: "ok", status: 200, ttftMs: 120 }

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error(`not granted: ${JSON.stringify(admitted)}`)
  return admitted.lease
}

/** Records the golden stream of an only account that fails, is tested while others wait, and comes back, under schema 2: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const { ask, clock, node, log } = await startActors({
    wanted: configuration([{ id: "c", accounts: [{ id: "a", credential: "env:GOLDEN", concurrency: 4 }] }]),
  })
  for (const n of [1, 2, 3, 4, 5]) {
    leaseOf(await ask(`r${n}`)).release(failed, true)
    await settle()
  }
  const first = leaseOf(await ask("r6"))
  const waiting = [7, 8, 9].map((n) => ask(`r${n}`))
  await settle()
  first.release(failed, true)
  await settle()
  clock.advance(250)
  const second = leaseOf(await Promise.race(waiting))
  second.accepted(40)
  await settle()
  second.release(ok, true)
  for (const one of waiting.slice(1)) leaseOf(await one).release(ok, true)
  await settle()
  leaseOf(await ask("r10")).release(failed, true)
  await settle()
  await node.close()
  await writeStream("schema-2-probes", log)
}

await record()
