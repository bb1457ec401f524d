import { join } from "node:path"
import type { Settings } from "@sluice/events/configuration/configuration.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import type { NatsPasswords } from "@sluice/infra/nats-server/users.ts"
import { errorText } from "@sluice/infra/process/error-text.ts"
import { Effect } from "effect"
import { type Part, PartFailed } from "./part.ts"
import { hasRoom, patience, type RefusedWrites, untilRefusing } from "./refused-writes.ts"
import { greetingFrom, untilSilent } from "./silence.ts"

/** What the others have to know of the embedded server; who they are there, they know by themselves. */
export interface NatsInfo {
  readonly url: string
}

/** Clients go on with the spool meanwhile; a pause of the machine under load is shorter. */
const silentMs = 15_000

/** Makes the part that holds the log; it keeps its port over its restarts, since the others go on looking for it there. */
export const natsPart = (options: {
  readonly dataDirectory: string
  readonly fsync: Settings["fsync"]
  readonly passwords: NatsPasswords
  /** What the others tell of their writes to it. */
  readonly writes: RefusedWrites
  readonly hurry: AbortSignal
}): Part<NatsInfo> => {
  const { dataDirectory, fsync, passwords, writes, hurry } = options
  let port = 0
  let patienceMs = patience.firstMs
  return {
    name: "nats-server",
    // It is not interrupted, so that no server is left behind; it takes a fraction of a second.
    start: Effect.uninterruptible(
      Effect.tryPromise({
        try: () => startNatsServer({ dataDir: join(dataDirectory, "nats"), port, fsync, passwords }),
        catch: (error) =>
          new PartFailed({
            part: "nats-server",
            reason: errorText(error),
          }),
      }),
    ).pipe(
      Effect.map((server) => {
        port = server.port
        const refusing = untilRefusing({ writes, hasRoom: hasRoom(dataDirectory), patienceMs })
        return {
          pid: server.pid,
          info: { url: server.url },
          ended: Effect.map(
            Effect.promise(() => server.exited),
            ({ code, signal }) => (signal === null ? `exit status ${code}` : `signal ${signal}`),
          ),
          broken: Effect.raceFirst(
            Effect.map(untilSilent(greetingFrom(server.url), silentMs), (reason) => ({
              reason,
              end: Effect.promise(() => {
                server.process.kill("SIGKILL")
                return server.exited
              }),
            })),
            Effect.map(refusing, (reason) => {
              patienceMs = Math.min(2 * patienceMs, patience.longestMs)
              return { reason, end: Effect.promise(() => server.stop()) }
            }),
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
