import type { ContestantName } from "./contestants/contestant.ts"
import type { Stored } from "./contestants/sluice.ts"
import type { Bar } from "./figures.ts"
import type { LoadResult, LoadTool } from "./load.ts"
import type { Machine } from "./machine.ts"
import type { StreamPlan, StreamResult } from "./stream-load.ts"

/** How long and how often everything is measured. */
export interface BenchPlan {
  readonly contestants: ReadonlyArray<ContestantName>
  readonly concurrencies: ReadonlyArray<number>
  readonly warmUpSeconds: number
  readonly roundSeconds: number
  readonly rounds: number
  readonly streams: StreamPlan
}

/** The medians of one contestant's rounds at one concurrency. */
export interface Throughput extends LoadResult {
  readonly contestant: ContestantName
  readonly concurrency: number
}

/** The medians of one contestant's rounds of streams. */
export interface Streaming extends StreamResult {
  readonly contestant: ContestantName
  /** The mean time to the first chunk beyond what it is when the upstream is asked directly. */
  readonly addedFirstChunkMs: number
}

/** What Sluice did behind its answers. */
export interface Behind {
  readonly stored: Stored
  /** How far the tables were behind the log at most, at the end of a round. */
  readonly lagMostFacts: number
  /** How long it took after the end of a round until they had caught up, at most. */
  readonly caughtUpMostMs: number
  /** The length of a round. */
  readonly roundMs: number
}

/** What one run of the bench found. */
export interface BenchReport {
  readonly machine: Machine
  readonly tool: LoadTool
  readonly plan: BenchPlan
  readonly throughput: ReadonlyArray<Throughput>
  readonly streaming: ReadonlyArray<Streaming>
  readonly behind: Behind
  /** The most memory that each process held, in MB. */
  readonly memoryMb: Readonly<Record<string, number>>
  /** Without the contestant that a bar compares with, it is not there. */
  readonly bars: ReadonlyArray<Bar>
}

/** Finds one contestant's figures at one concurrency. */
export const throughputOf = (
  { throughput }: Pick<BenchReport, "throughput">,
  contestant: ContestantName,
  concurrency: number,
): Throughput | undefined =>
  throughput.find((one) => one.contestant === contestant && one.concurrency === concurrency)
