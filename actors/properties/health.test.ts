import { describe, it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import {
  buckets,
  channelCools,
  cooldownsPaired,
  pausesGrow,
  requestRate,
  restingAccounts,
  sessionCap,
  sessionsKept,
  testsAlone,
  unknownModels,
  windowCost,
} from "./health.ts"

describe("C1: the buckets", () => {
  it("give nothing that they do not hold", () => holdsInAll(buckets))
  it("let through no more requests than the rate and one burst", () => holdsInAll(requestRate))
})

describe("C3, C5, C7, C9: cooldowns", () => {
  it("begin once and end once, at their time", () => holdsInAll(cooldownsPaired))
  it("of a channel are those that all of its accounts share", () => holdsInAll(channelCools))
  it("keep everything away, and so do a gate and a suspension", () => holdsInAll(restingAccounts))
  it("are tested only by those who have nobody else", () => holdsInAll(testsAlone))
  it("are tested after pauses that double", () => holdsInAll(pausesGrow))
  it("of a model that is not known keep its requests away", () => holdsInAll(unknownModels))
})

describe("B6: the sessions", () => {
  it("are never registered above the cap", () => holdsInAll(sessionCap))
  it("are those that were registered, and expire idle and at their time", () => holdsInAll(sessionsKept))
})

describe("D5: the cost of a window", () => {
  it("is never exceeded by a grant that it forbids", () => holdsInAll(windowCost))
})
