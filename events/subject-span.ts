/** So much of the time that passes a subject that is ahead of the machine's clock lets go by, until they meet. Source: L2. */
export const heldBack = 0.1

/** Returns how far the time of a subject goes on while a span of real time passes. `aheadMs` is how far it is ahead of the machine's clock. Units: milliseconds. Source: L2. */
export const subjectSpan = (realMs: number, aheadMs: number): number =>
  aheadMs <= 0 ? realMs : Math.floor(Math.max(realMs - aheadMs, realMs * (1 - heldBack)))
