import type { BenchPlan } from "./bench-report.ts"

/** The comparison that figures are quoted from. */
export const fullPlan: BenchPlan = {
  contestants: ["direct", "haproxy", "portkey", "sluice", "sluice alone"],
  concurrencies: [1, 16, 64],
  warmUpSeconds: 10,
  roundSeconds: 4,
  rounds: 5,
  streams: { streams: 100, chunks: 20, bursts: 3, firstChunkMs: 200, chunkGapMs: 20 },
}

/** The same in a minute, with figures that are as rough. */
export const quickPlan: BenchPlan = { ...fullPlan, warmUpSeconds: 3, roundSeconds: 1, rounds: 3 }
