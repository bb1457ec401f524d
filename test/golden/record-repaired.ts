import { channelSubject } from "@sluice/events/identifier.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { configuration, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { absurdLife, plantCommit } from "../event-log/planted-commit.ts"
import { writeStream } from "./write-stream.ts"

/** Records the golden stream of a commit that was set aside, under schema 2: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const wanted = configuration([{ id: "c", accounts: [{ id: "a", credential: "env:KEY" }] }])
  const log = createMemoryLog()
  const { node: first } = await startActors({ wanted, log })
  await first.close()
  await plantCommit(log, channelSubject("c"), (at) => absurdLife("c", "a", at))
  const { node, operate } = await startActors({ wanted, log })
  const answer = await operate({ type: "repair", actor: "channel/c", by: "api:test", isTrial: false })
  if (!answer.ok) throw new Error(answer.message)
  await node.close()
  await writeStream("schema-2-repaired", log)
}

await record()
