import { describe, it } from "vitest"
import { holdsInAll } from "../testing/history.ts"
import { accountLimit, channelLimit, leases, reservation, smallShares, toldInFlight } from "./capacity.ts"

describe("A2, A5: the limits", () => {
  it("of an account, a slow start or a lowered limit are never exceeded by a grant", () =>
    holdsInAll(accountLimit))
  it("of a hard channel are never exceeded by a grant", () => holdsInAll(channelLimit))
  it("are told of with the number that is in flight", () => holdsInAll(toldInFlight))
})

describe("A4, F11: the reservation", () => {
  it("is never granted to a new request", () => holdsInAll(reservation))
  it("of a share leaves a new request a slot on the smallest accounts", () => holdsInAll(smallShares))
})

describe("A9: a lease", () => {
  it("is one of one attempt, and ends once on the channel and on its account", () => holdsInAll(leases))
})
