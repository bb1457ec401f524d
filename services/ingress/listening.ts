import { Effect } from "effect"
import { CannotStart } from "./cannot-start.ts"
import type { IngressServer, ListenAt } from "./server.ts"

/** Begins to listen at an address. Returns the port. Fails: `CannotStart` with a line that says why nobody can listen there. Source: S2. */
export const listen = (server: IngressServer, at: ListenAt): Effect.Effect<number, CannotStart> =>
  Effect.tryPromise({
    try: () => server.listen(at),
    catch: (error) => {
      const code = (error as NodeJS.ErrnoException).code
      const why =
        code === "EADDRINUSE"
          ? "is taken by another program: choose one with --port"
          : `cannot be listened on (${code})`
      return new CannotStart({ message: `port ${at.port} on ${at.host} ${why}` })
    },
  })
