import { describe, it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import { decidesAlike, ledgers, machines, refolds, unasked } from "./replay.ts"

describe("L2: the facts of an account", () => {
  it("make of it what the naive model makes of it", () => holdsInAll(ledgers))
  it("make of it, and of a channel, what its machine alone makes of them", () => holdsInAll(machines))
})

describe("L1: a group", () => {
  it("whose states nobody asks is in the same ones in the end", () => holdsInAll(unasked))
})

describe("L13: a group", () => {
  it("that is stored and read back after every fact is what one is that saw them all", () =>
    holdsInAll(refolds))
  it("that is read back decides as before", () => holdsInAll(decidesAlike))
})
