import type { SpoolListener } from "../spool/spool.ts"

/** Hears what a spool tells and does nothing about it. */
export const quietListener: SpoolListener = {
  onBegun: () => undefined,
  onHolding: () => undefined,
  onDrained: () => undefined,
  onRefused: () => undefined,
  onCut: () => undefined,
  onFull: () => undefined,
  onRoom: () => undefined,
}
