import { Schema } from "effect"
import { Count } from "../field.ts"
import { optional, wholeNumber } from "./field.ts"

/**
 * How a limit is learned.
 *
 * `bracket` is the one to use, `aether` is there for those who move over; the others are its rivals, to compare with in the simulator.
 * Source: F8, F10.
 */
export const Algorithm = Schema.Literals(["bracket", "aether", "aimd", "cubic", "gradient2", "vegas"])
export type Algorithm = typeof Algorithm.Type

const asSettings = "null: as the settings say."
const asUsual = "null: as is usual for the algorithm."

const openNumber = (description: string) =>
  optional(
    description,
    Schema.NullOr(wholeNumber(1)).annotate({ expected: "a whole number from 1, or null" }),
    null,
  )

/** The bounds of a limit that is learned, and how it is; `null` where something else says it. Source: A3, F3. */
export const AdaptiveBounds = Schema.Struct({
  algorithm: optional(
    `How it is learned: bracket, or aether for those who move over; the others are for comparison. ${asSettings}`,
    Schema.NullOr(Algorithm),
    null,
  ),
  initial: openNumber(`Where it begins. ${asSettings}`),
  min: openNumber(`It is never lower. ${asSettings}`),
  max: openNumber(`It is never higher. ${asSettings}`),
})
export type AdaptiveBounds = typeof AdaptiveBounds.Type

/** How limits are learned of channels and accounts that do not say it themselves. Source: S4. */
export const AdaptiveSettings = Schema.Struct({
  algorithm: optional(
    "How they are learned: bracket, or aether for those who move over; the others are for comparison.",
    Algorithm,
    "bracket",
  ),
  initial: openNumber(`Where they begin. ${asUsual}`),
  min: openNumber(`They are never lower. ${asUsual}`),
  max: openNumber(`They are never higher. ${asUsual}`),
})
export type AdaptiveSettings = typeof AdaptiveSettings.Type

/** A limit that finds out how many requests in flight its provider accepts. Source: F4. */
export const AdaptiveLimit = Schema.Struct({ adaptive: AdaptiveBounds })
export type AdaptiveLimit = typeof AdaptiveLimit.Type

/** What the limit of a channel or an account is: a number, `null` for none, or one that is learned. Source: A3. */
export const LimitMode = Schema.NullOr(Schema.Union([Count, AdaptiveLimit]))
export type LimitMode = typeof LimitMode.Type

/** True if a limit is learned. */
export const isAdaptive = (mode: LimitMode): mode is AdaptiveLimit =>
  mode !== null && typeof mode === "object"
