import { configuration, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { writeStream } from "./write-stream.ts"

/** Records the golden stream of requests that are told of by their number, under schema 2: run once, and never again. Source: L13. */
const record = async (): Promise<void> => {
  const { clock, node, log } = await startActors({ wanted: configuration([{ id: "c" }]) })
  const since = clock.now()
  clock.advance(1_000)
  await node.ingress.submit({
    type: "refuse",
    node: "n1",
    refused: [
      { client: "", code: "invalid_client_key", status: 401, since, count: 4_120 },
      { client: "alice", code: "client_rpm_exhausted", status: 429, since: since + 10, count: 17 },
    ],
  })
  node.ingress.execute({ type: "stop", node: "n1" })
  await node.close()
  await writeStream("schema-2-refused", log)
}

await record()
