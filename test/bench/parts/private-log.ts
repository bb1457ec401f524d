import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"

/** A log in a `nats-server` that nothing else uses, and a folder beside it; both are gone when it is disposed. */
export interface PrivateLog extends AsyncDisposable {
  readonly log: EventLog
  readonly folder: string
}

/** Starts a server with an empty log. */
export const openPrivateLog = async (): Promise<PrivateLog> => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-parts-"))
  const server = await startNatsServer({ dataDir: join(folder, "nats"), port: 0 })
  const kill = () => void server.process.kill("SIGKILL")
  process.on("exit", kill)
  // The server shares its cores with whoever fills it: an answer may take longer than in service.
  const log = await openJetStreamLog({ url: server.url, name: "bench", appendTimeoutMs: 5_000 })
  return {
    log,
    folder,
    [Symbol.asyncDispose]: async () => {
      await log.close()
      await server.stop()
      process.off("exit", kill)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
