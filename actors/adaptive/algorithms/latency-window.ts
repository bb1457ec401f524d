import type { LimitEvidence } from "../algorithm.ts"

/** What the attempts of the last moment took. Units: `sumMs` in milliseconds over all of them. */
export interface LatencyWindow {
  /** When the first of them ended. */
  readonly since: number
  readonly count: number
  readonly sumMs: number
  /** The most that were in flight when one of them was sent. */
  readonly levelMax: number
}

const shortestMs = 1_000
const fewest = 10

/** The window before the first attempt. */
export const noLatencies: LatencyWindow = { since: 0, count: 0, sumMs: 0, levelMax: 0 }

/** Adds what an attempt took. */
export const withLatency = (
  window: LatencyWindow,
  { at, level, holdMs }: LimitEvidence & { kind: "ended" },
): LatencyWindow => ({
  since: window.count === 0 ? at : window.since,
  count: window.count + 1,
  sumMs: window.sumMs + holdMs,
  levelMax: Math.max(window.levelMax, level),
})

/** True if enough is in a window that its mean tells something: ten attempts over a second. */
export const isFull = ({ since, count }: LatencyWindow, at: number): boolean =>
  count >= fewest && at - since >= shortestMs

/** Returns the mean of a window that is full. Units: milliseconds, never 0. */
export const meanMs = ({ count, sumMs }: LatencyWindow): number => Math.max(1, sumMs / count)
