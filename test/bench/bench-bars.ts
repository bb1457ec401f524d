import { type BenchReport, throughputOf } from "./bench-report.ts"
import type { Bar } from "./figures.ts"

type Measured = Omit<BenchReport, "bars">

/** What the run is held to: its figures beside the bounds. */
export const barsOf = (measured: Measured): ReadonlyArray<Bar> => [
  ...againstPortkey(measured),
  ...streamsAgainstPortkey(measured),
  {
    bar: "memory of the ingress under load",
    measured: measured.memoryMb["sluice"] ?? Number.NaN,
    atMost: 300,
    unit: "MB",
  },
  {
    bar: "the projector's lag is 0 again within the length of a round",
    measured: measured.behind.caughtUpMostMs,
    atMost: measured.behind.roundMs,
    unit: "ms",
  },
]

const againstPortkey = (measured: Measured): ReadonlyArray<Bar> => {
  const at = (concurrency: number, name: string, figures: (pair: Pair) => Omit<Bar, "bar">): Array<Bar> => {
    const sluice = throughputOf(measured, "sluice", concurrency)
    const portkey = throughputOf(measured, "portkey", concurrency)
    if (sluice === undefined || portkey === undefined) return []
    return [
      { bar: `${name} at concurrency ${concurrency}, against Portkey`, ...figures({ sluice, portkey }) },
    ]
  }
  type Pair = Record<"sluice" | "portkey", NonNullable<ReturnType<typeof throughputOf>>>
  const more = ({ sluice, portkey }: Pair) => sluice.requestsPerSecond / portkey.requestsPerSecond
  return [
    ...at(16, "requests per second", (pair) => ({ measured: more(pair), atLeast: 2, unit: "×" })),
    ...at(64, "requests per second", (pair) => ({ measured: more(pair), atLeast: 3, unit: "×" })),
    ...at(1, "p50", ({ sluice, portkey }) => ({
      measured: sluice.p50Ms / portkey.p50Ms,
      atMost: 1,
      unit: "×",
    })),
    ...at(64, "p99", ({ sluice, portkey }) => ({
      measured: sluice.p99Ms / portkey.p99Ms,
      atMost: 0.25,
      unit: "×",
    })),
  ]
}

const streamsAgainstPortkey = ({ streaming, plan }: Measured): ReadonlyArray<Bar> => {
  const sluice = streaming.find(({ contestant }) => contestant === "sluice")
  const portkey = streaming.find(({ contestant }) => contestant === "portkey")
  if (sluice === undefined || portkey === undefined) return []
  return [
    {
      bar: `added time to the first chunk at ${plan.streams.streams} streams, against Portkey`,
      measured: sluice.addedFirstChunkMs / portkey.addedFirstChunkMs,
      atMost: 0.5,
      unit: "×",
    },
  ]
}
