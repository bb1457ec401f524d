import type { ActorNode } from "./actor-node.ts"
import type { GuardedLog } from "./guarded-log.ts"
import type { Health } from "./ingress-options.ts"

/** What of a process says whether it is ready. */
export interface ReadinessParts {
  readonly isShuttingDown: boolean
  /** The ids of those that are configured. */
  readonly channels: ReadonlyArray<string>
}

/**
 * Tells whether a process can admit, also into the spool: it cannot where no configured channel is open, or it cannot record what it does.
 *
 * Accounts that cool make nobody unready. Source: S3, L11.
 */
export const readinessOf = (
  node: Pick<ActorNode, "channels" | "ingress" | "stopped" | "aheadMs">,
  eventLog: Pick<GuardedLog, "takesNew" | "health">,
  { isShuttingDown, channels }: ReadinessParts,
): Health => {
  const notAccepting = [...node.channels.values()]
    .filter(({ subject }) => !subject.isAccepting)
    .map(({ id }) => id)
  const areAllClosed =
    channels.length > 0 && channels.every((id) => node.channels.get(id)?.subject.isLive !== true)
  const ok = eventLog.takesNew() && !isShuttingDown && node.ingress.isLive && !areAllClosed
  const closed = node.stopped.map(({ actor, reason }) => ({ actor, reason }))
  return { ok, body: { ready: ok, ...eventLog.health(), notAccepting, closed, aheadOfClockMs: node.aheadMs } }
}
