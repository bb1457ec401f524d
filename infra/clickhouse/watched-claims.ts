import { LogUnavailable } from "../event-log/event-log.ts"
import type { WriteWatch } from "../event-log/failing-writes.ts"
import type { Claims } from "./claims.ts"

/** Lets a watch hear which claims are stored and, while there is a connection, which are not: their bucket may refuse writes by itself. */
export const watchClaims = (
  claims: Claims,
  { writes, isConnected }: { readonly writes: WriteWatch; readonly isConnected: () => boolean },
): Claims => {
  const watched = async <A>(write: () => Promise<A>): Promise<A> => {
    try {
      const stored = await write()
      writes.took()
      return stored
    } catch (error) {
      if (error instanceof LogUnavailable && isConnected()) writes.failed(error.reason)
      throw error
    }
  }
  return {
    ...claims,
    write: (progress, revision) => watched(() => claims.write(progress, revision)),
    remember: (claim) => watched(() => claims.remember(claim)),
  }
}
