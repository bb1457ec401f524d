import type { AdaptiveBounds, AdaptiveSettings } from "@sluice/events/configuration/adaptive-limit.ts"
import { expect, it } from "vitest"
import { boundsIn, usualBounds } from "./settings.ts"

const nothing = { initial: null, min: null, max: null }
const own = (said: Partial<AdaptiveBounds> = {}): AdaptiveBounds => ({ algorithm: null, ...nothing, ...said })
const settings = (said: Partial<AdaptiveSettings> = {}): AdaptiveSettings => ({
  algorithm: "bracket",
  ...nothing,
  ...said,
})

it("S4: of a limit of which nothing is said the algorithm says it all", () => {
  expect(usualBounds(settings())).toEqual({ algorithm: "bracket", initial: 8, min: 1, max: 200 })
  expect(usualBounds(settings({ algorithm: "aether" }))).toEqual({
    algorithm: "aether",
    initial: 50,
    min: 3,
    max: 200,
  })
})

it("S4: what an account says counts before the settings, and those before what is usual", () => {
  const all = settings({ algorithm: "cubic", initial: 20, min: 4, max: 90 })
  expect(boundsIn(all, own({ initial: 30 }))).toEqual({ algorithm: "cubic", initial: 30, min: 4, max: 90 })
  expect(boundsIn(settings({ max: 90 }), own({ algorithm: "aether" }))).toEqual({
    algorithm: "aether",
    initial: 50,
    min: 3,
    max: 90,
  })
})

it("what nobody says makes room for what is said", () => {
  expect(boundsIn(settings(), own({ max: 5 }))).toMatchObject({ initial: 5, min: 1, max: 5 })
  expect(boundsIn(settings(), own({ min: 300 }))).toMatchObject({ initial: 300, min: 300, max: 300 })
  expect(boundsIn(settings({ min: 10 }), own({ initial: 2 }))).toMatchObject({ initial: 2, min: 2, max: 200 })
  expect(boundsIn(settings({ initial: 500 }), own())).toMatchObject({ initial: 500, max: 500 })
  expect(boundsIn(settings({ max: 5 }), own({ min: 10 }))).toMatchObject({ initial: 10, min: 10, max: 10 })
})
