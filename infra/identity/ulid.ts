import { randomFillSync } from "node:crypto"
import { monotonicFactory } from "ulid"

const pool = new Uint8Array(4_096)
let taken = pool.length

/** Draws in 0…1 from the system's randomness, asked for by the thousand: one question for each character of an id costs more than the rest of a commit. */
const draw = (): number => {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  const drawn = pool[taken] ?? 0
  taken += 1
  return drawn / 256
}

/** Makes ULIDs for a time in milliseconds, each greater than the one before. */
export const createUlids = (): ((timeMs: number) => string) => monotonicFactory(draw)
