import { join } from "node:path"
import type { Settings } from "@sluice/events/configuration.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { Effect } from "effect"
import { type Part, PartFailed } from "./part.ts"

/** What the others have to know of the embedded server. */
export interface NatsInfo {
  readonly url: string
}

/** Makes the part that holds the log; it keeps its port over its restarts, since the others go on looking for it there. */
export const natsPart = (options: {
  readonly dataDirectory: string
  readonly fsync: Settings["fsync"]
  readonly hurry: AbortSignal
}): Part<NatsInfo> => {
  const { dataDirectory, fsync, hurry } = options
  let port = 0
  return {
    name: "nats-server",
    // It is not interrupted, so that no server is left behind; it takes a fraction of a second.
    start: Effect.uninterruptible(
      Effect.tryPromise({
        try: () => startNatsServer({ dataDir: join(dataDirectory, "nats"), port, fsync }),
        catch: (error) =>
          new PartFailed({
            part: "nats-server",
            reason: error instanceof Error ? error.message : String(error),
          }),
      }),
    ).pipe(
      Effect.map((server) => {
        port = server.port
        return {
          pid: server.pid,
          info: { url: server.url },
          ended: Effect.map(
            Effect.promise(() => server.exited),
            ({ code, signal }) => (signal === null ? `exit status ${code}` : `signal ${signal}`),
          ),
          stop: Effect.promise(() => {
            const kill = () => void server.process.kill("SIGKILL")
            if (hurry.aborted) kill()
            hurry.addEventListener("abort", kill, { once: true })
            return server.stop()
          }),
        }
      }),
    ),
  }
}
