import type { Cooldown } from "./cooldown.ts"
import type { SlowStart } from "./slow-start.ts"

/** True if and when an account that fails may be tested by a request, although it cools. Source: C7. */
export interface Probe {
  /** How many tests have failed, one after the other. */
  readonly failed: number
  /** From then on the next one may go. */
  readonly at: number
  /** The one that is under way. */
  readonly lease: string | null
}

/** What of an account says how it is tested. */
interface Tested {
  readonly cooldown: Cooldown | null
  /** When the last cooldown ended. */
  readonly cooledAt: number
  readonly probe: Probe | undefined
}

/** What of an attempt says whether it is a test. */
interface Tester {
  readonly lease: string
  readonly acquiredAt: number
}

const firstPauseMs = 250
const jitterShare = 0.1

/** Returns the tests of an account that begins to fail: the first one may go at once. Source: C7. */
export const firstProbe = (now: number) => ({ failed: 0, at: now })

/** Returns what follows a test that has failed: 0.25 s, doubling with each one up to the end of the cooldown. `jitter` is drawn in −1…1 and moves the pause by up to 10 %. Source: C7. */
export const nextProbe = (
  { probe }: Pick<Tested, "probe">,
  { now, until, jitter }: { readonly now: number; readonly until: number; readonly jitter: number },
) => {
  const failed = (probe?.failed ?? 0) + 1
  const pauseMs = Math.round(firstPauseMs * 2 ** (failed - 1) * (1 + jitterShare * jitter))
  return { failed, at: Math.min(now + pauseMs, until) }
}

/** Returns the tests of an account that cools because it fails; `undefined` where it cools for something else, or not at all. Source: C7. */
export const probeOf = ({ cooldown, probe }: Pick<Tested, "cooldown" | "probe">): Probe | undefined =>
  cooldown?.classification === "failing" ? probe : undefined

/** True if an attempt is the one that tests its account. */
export const isProbe = ({ probe }: Pick<Tested, "probe">, { lease }: Pick<Tester, "lease">): boolean =>
  probe?.lease === lease

/** True if an attempt began before the end of the last cooldown and so tells nothing of the time after it; a test does. */
export const isOfBefore = (account: Tested, held: Tester): boolean =>
  held.acquiredAt < account.cooledAt && !isProbe(account, held)

/** True if nothing has succeeded since the cooldown: the first attempt after it is its test. Source: C6. */
export const isUntested = (ramp: SlowStart | null): boolean => ramp?.limit === 1
