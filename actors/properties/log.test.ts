import { describe, it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import { changesAlone, chartsInStep, checkpointsAt, factsInOrder, factsInShape, splitsAt } from "./log.ts"

describe("L1, L2: the facts", () => {
  it("go through JSON and their schema unchanged", () => holdsInAll(factsInShape))
  it("stand at the time of their decision", () => holdsInAll(factsInOrder))
  it("drive statecharts that say what is known", () => holdsInAll(chartsInStep))
})

describe("L13: the fold", () => {
  it.each([0, 0.1, 0.35, 0.5, 0.8, 1])("is the same from a snapshot after %d of it", (part) =>
    holdsInAll(splitsAt(part)),
  )
  it.each([0, 0.2, 0.45, 0.7, 0.95, 1])("is the same from a checkpoint after %d of it", (part) =>
    holdsInAll(checkpointsAt(part)),
  )
})

describe("A10: a configuration", () => {
  it("tells only of what it changes, and takes nobody's place or slot", () => holdsInAll(changesAlone))
})
