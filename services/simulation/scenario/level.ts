import { filledList, optional, required, wholeNumber } from "@sluice/events/configuration/field.ts"
import { Schema } from "effect"

const atLeastNothing = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0, { expected: "a number from 0" }))
const span = Schema.Finite.check(Schema.isGreaterThan(0, { expected: "a number above 0" }))

const Step = Schema.Struct({
  fromS: required("Seconds. From when on.", atLeastNothing),
  level: required("What it is from then on.", atLeastNothing),
})

/** Something that may change over time: one number, steps, a wave, or pulses. Units: of times, seconds. */
export const Level = Schema.Union([
  atLeastNothing,
  Schema.Struct({
    low: required("The lowest, at the start.", atLeastNothing),
    high: required("The highest, half a period later.", atLeastNothing),
    periodS: required("Seconds. From one lowest to the next.", span),
  }),
  Schema.Struct({
    base: required("What it is between the pulses.", atLeastNothing),
    peak: required("What it is in a pulse.", atLeastNothing),
    everyS: required("Seconds. From one pulse to the next.", span),
    forS: required("Seconds. How long a pulse is.", span),
    firstS: optional("Seconds. When the first begins.", wholeNumber(0), 0),
  }),
  Schema.Struct({
    steps: required("In the order of time.", filledList(Step, "a list of steps { fromS, level }")),
  }),
]).annotate({
  expected:
    "a number, { steps: [{ fromS, level }, …] }, { low, high, periodS } or { base, peak, everyS, forS }",
})
export type Level = typeof Level.Type

/** Returns what it is at a time. Units: milliseconds since the start. */
export const levelAt = (level: Level, atMs: number): number => {
  if (typeof level === "number") return level
  const atS = atMs / 1000
  if ("steps" in level) return level.steps.findLast(({ fromS }) => fromS <= atS)?.level ?? 0
  if ("low" in level)
    return level.low + (level.high - level.low) * (0.5 - 0.5 * Math.cos((2 * Math.PI * atS) / level.periodS))
  const sinceS = atS - level.firstS
  return sinceS >= 0 && sinceS % level.everyS < level.forS ? level.peak : level.base
}

/** Returns the most that it ever is. */
export const highest = (level: Level): number => {
  if (typeof level === "number") return level
  if ("steps" in level) return Math.max(...level.steps.map((step) => step.level))
  return "low" in level ? Math.max(level.low, level.high) : Math.max(level.base, level.peak)
}

/** A whole number that holds from a time on. */
export interface Change {
  readonly atMs: number
  readonly level: number
}

const samplingMs = 250

/** Returns the times at which the whole number nearest to it changes, up to an end. */
export const changesOf = (level: Level, endMs: number): ReadonlyArray<Change> => {
  const changes: Array<Change> = []
  for (let atMs = 0; atMs < endMs; atMs += samplingMs) {
    const now = Math.round(levelAt(level, atMs))
    if (changes.at(-1)?.level !== now) changes.push({ atMs, level: now })
  }
  return changes
}
