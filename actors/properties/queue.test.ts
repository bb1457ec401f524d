import { describe, it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import {
  earliestFirst,
  fullQueue,
  lanesInOrder,
  nobodyForgotten,
  nobodyStranded,
  noOvertaking,
  noWaitForKept,
  turnAndTurn,
} from "./queue.ts"

describe("A6: the queue", () => {
  it("leaves nobody waiting beside a slot that he may have", () => holdsInAll(nobodyStranded))
  it("is not overtaken by a newcomer who wants the same slot or tokens", () => holdsInAll(noOvertaking))
  it("takes a request into a full queue only for one of a client that has more", () => holdsInAll(fullQueue))
  it("is no place to wait for slots that are all reserved (A4)", () => holdsInAll(noWaitForKept))
  it("lets nobody wait beyond his time or at a closed channel (A8)", () => holdsInAll(nobodyForgotten))
})

describe("A7: the order", () => {
  it("inside a lane is that of arrival, and never that of one who left", () => holdsInAll(lanesInOrder))
  it("of fifo serves the earliest of those who can be served", () => holdsInAll(earliestFirst))
  it("of fair lets two equal clients go in turn", () => holdsInAll(turnAndTurn))
})
