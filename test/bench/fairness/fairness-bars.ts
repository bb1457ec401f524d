import type { Bar } from "../figures.ts"
import type { FairnessReport } from "./fairness-report.ts"

type Measured = Omit<FairnessReport, "bars" | "machine">

/** How much longer than it is served a request of the polite client may take. */
const politeWaitMs = 70

/** What the run is held to: its figures beside the bounds. */
export const fairnessBars = (measured: Measured): ReadonlyArray<Bar> => [
  ...sharingBars(measured),
  ...handOffBars(measured),
  ...measured.leaving
    .filter(({ contestant }) => contestant === "sluice")
    .map(({ left, reachedUpstream }) => ({
      bar: `of ${left} clients that left the queue, how many reached the upstream`,
      measured: reachedUpstream,
      atMost: 0,
      unit: "requests",
    })),
  ...stormBars(measured),
]

const sharingBars = ({ sharing, plan }: Measured): ReadonlyArray<Bar> =>
  sharing
    .filter(({ contestant, client }) => contestant === "sluice" && client === "polite")
    .flatMap(({ sent, served, p95Ms }) => [
      { bar: "the polite client is served", measured: served, atLeast: sent, unit: "requests" },
      { bar: "its p95", measured: p95Ms, atMost: plan.serviceMs + politeWaitMs, unit: "ms" },
    ])

const handOffBars = ({ handOff }: Measured): ReadonlyArray<Bar> => {
  const sluice = handOff.find(({ contestant }) => contestant === "sluice")
  const haproxy = handOff.find(({ contestant }) => contestant === "haproxy")
  if (sluice === undefined || haproxy === undefined) return []
  const measured = sluice.waitP99Ms / haproxy.waitP99Ms
  return [{ bar: "p99 of the wait near the capacity, against HAProxy", measured, atMost: 1.1, unit: "×" }]
}

const stormBars = ({ storm, plan: { slots } }: Measured): ReadonlyArray<Bar> => [
  {
    bar: "peak at the upstream in the storm",
    measured: storm.peakOffered,
    atMost: slots,
    unit: "requests",
  },
  {
    bar: "refused by the upstream as above its limit",
    measured: storm.aboveLimit,
    atMost: 0,
    unit: "requests",
  },
  {
    bar: "slots that are free at once after the storm",
    measured: storm.atOnce,
    atLeast: slots,
    unit: "slots",
  },
  {
    bar: "leases that did not end exactly once, by the log",
    measured: storm.unpairedLeases,
    atMost: 0,
    unit: "leases",
  },
]
