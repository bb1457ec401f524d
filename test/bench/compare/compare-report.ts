import type { LoadTool } from "../load.ts"
import type { Machine } from "../machine.ts"
import type { PairedRatio, Standing } from "./paired-ratio.ts"

/** How much is measured. */
export interface ComparePlan {
  readonly pairs: number
  readonly concurrencies: ReadonlyArray<number>
  /** Of each product after each start, at the highest concurrency. */
  readonly warmUpSeconds: number
  /** Of load on each side of a pair, at each concurrency. */
  readonly roundSeconds: number
}

/** Of whose processes a figure tells; `all` is the sum, with the process that looks after the others. */
export type Whose = "all" | "ingress" | "nats-server" | "projector"

/** Figures that have the two sides of each pair. */
export type PerProcess = Readonly<Record<Whose, PairedRatio>>

/** What was found at one concurrency. */
export interface AtConcurrency {
  readonly concurrency: number
  /** Processor time in µs for each request that was answered, until it is in the tables. */
  readonly cpuUs: PerProcess
  readonly p50Ms: PairedRatio
  readonly p99Ms: PairedRatio
  /** How the processor time of all stands to what it may be. */
  readonly standing: Standing
}

/** What came of the comparison of two checkouts. */
export interface CompareReport {
  readonly machine: Machine
  readonly tool: LoadTool
  readonly plan: ComparePlan
  readonly before: string
  readonly after: string
  readonly at: ReadonlyArray<AtConcurrency>
  /** The most that each process held in any moment of a pair, and the sum of these. */
  readonly memoryMb: PerProcess
  /** What the processor time of a request may be at most, as a ratio. */
  readonly ratioMost: number
}
