import type { ActorNode } from "./hosting/actor-node.ts"
import type { DiskSpace } from "./hosting/disk-space.ts"
import type { GuardedLog } from "./hosting/guarded-log.ts"
import type { Health } from "./ingress-options.ts"

/** What of a process says whether it is ready. */
export interface ReadinessParts {
  readonly isShuttingDown: boolean
  readonly disk: Pick<DiskSpace, "isFull" | "freeBytes">
  /** The ids of those that are configured. */
  readonly channels: ReadonlyArray<string>
}

/**
 * Returns whether a process can admit, also into the spool: it cannot where no configured channel is open, or it cannot record what it does, or the disk is nearly full.
 *
 * Accounts that cool make nobody unready. Source: S3, S9, L11.
 */
export const readinessOf = (
  node: Pick<ActorNode, "channels" | "ingress" | "stopped" | "aheadMs">,
  eventLog: Pick<GuardedLog, "takesNew" | "health">,
  { isShuttingDown, disk, channels }: ReadinessParts,
): Health => {
  const notAccepting = [...node.channels.values()]
    .filter(({ subject }) => !subject.isAccepting)
    .map(({ id }) => id)
  const areAllClosed =
    channels.length > 0 && channels.every((id) => node.channels.get(id)?.subject.isLive !== true)
  const { isFull: diskFull, freeBytes: freeDiskBytes = null } = disk
  const ok = eventLog.takesNew() && !diskFull && !isShuttingDown && node.ingress.isLive && !areAllClosed
  const closed = node.stopped.map(({ actor, reason }) => ({ actor, reason }))
  const { aheadMs: aheadOfClockMs } = node
  const told = { ...eventLog.health(), diskFull, freeDiskBytes, notAccepting, closed, aheadOfClockMs }
  return { ok, body: { ready: ok, ...told } }
}
