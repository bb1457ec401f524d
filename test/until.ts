import { setTimeout as pause } from "node:timers/promises"

/** Waits until a condition holds and throws, naming it, when it does not within its time. */
export const until = async (
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> => {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await pause(10)
  }
}
