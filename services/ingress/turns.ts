/** So much of a body is taken before others have their turn: one whose sender never pauses would be read 2 MB at a time, and everybody else's requests need ten turns of the event loop. */
export const turnBytes = 64 * 1024

const waiting: Array<() => void> = []

const next = (): void => {
  const goOn = waiting.shift()
  if (waiting.length > 0) setImmediate(next)
  goOn?.()
}

/** Calls back in a turn of the event loop that no other caller has: however many have much to do, everybody else waits for one of them at a time. */
export const inTurn = (goOn: () => void): void => {
  if (waiting.push(goOn) === 1) setImmediate(next)
}
