import { schemaNumber } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import type { Admitted, Lease } from "@sluice/ingress/admission/lease.ts"
import { configuration, settle, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

const leaseOf = (admitted: Admitted): Lease => {
  if (admitted.kind !== "granted") throw new Error("not granted")
  return admitted.lease
}

/**
 * Records the golden stream of checkpoints under the present schema number: run once for each number, and never again.
 *
 * The channel's commits begin with its checkpoint, which holds leases, sessions and one who waits; those of the ingress and of the configuration hold theirs in the middle.
 * Source: L5, L13.
 */
const record = async (): Promise<void> => {
  const account = (id: string) => ({ id, credential: "env:GOLDEN", concurrency: 1, maxSessions: 3 })
  const wanted = configuration([{ id: "c", queueSize: 3, rpm: 60, accounts: [account("a"), account("b")] }])
  const { node, log, ask, clock } = await startActors({ wanted })
  const bound = (id: string) => ({ session: { id, source: "header" as const } })
  const first = leaseOf(await ask("r1", bound("00000000000000aa")))
  const second = leaseOf(await ask("r2"))
  const waiting = ask("r3", { client: "bob" })
  await settle()
  for (const subject of node.subjects) subject.checkpoint(0)
  await settle()
  const subject = channelSubject("c")
  const tail = await log.last(subject)
  await log.purge({ subject, beforeSequence: tail?.sequence ?? 0 })
  clock.advance(250)
  first.release({ outcome: "ok", status: 200, ttftMs: 120 }, true)
  leaseOf(await waiting).release({ outcome: "ok", status: 200, ttftMs: 90 }, true)
  second.release({ outcome: "client_closed", status: 0, ttftMs: null }, true)
  await settle()
  node.ingress.execute({ type: "stop", node: "n1" })
  await node.apply({ wanted: { ...wanted, pools: [] }, by: "file" })
  await node.close()
  await writeStream(`schema-${schemaNumber}-checkpoint`, log)
}

await record()
