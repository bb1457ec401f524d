import type { FairnessPlan } from "./fairness-report.ts"

/** The one that figures are quoted from. */
export const fullFairness: FairnessPlan = {
  slots: 32,
  serviceMs: 200,
  queueSize: 100,
  abortHoldMs: 50,
  sharing: {
    warmUp: { seconds: 5, perSecond: 100 },
    seconds: 8,
    perSecond: { polite: 10, greedy: 300 },
  },
  handOff: { seconds: 15, perSecond: 150, rounds: 3 },
  leaving: { holdMs: 2_000, leavers: 60, leaveAfterMs: 300 },
  storm: { requests: 4_000, connections: 400, part: 0.6, withinMs: 400 },
}

/** The same in a third of the time, with figures that are as rough. */
export const quickFairness: FairnessPlan = {
  ...fullFairness,
  sharing: { ...fullFairness.sharing, warmUp: { seconds: 3, perSecond: 100 }, seconds: 3 },
  handOff: { ...fullFairness.handOff, seconds: 4, rounds: 1 },
  storm: { ...fullFairness.storm, requests: 1_000 },
}
