import { expect, it } from "vitest"
import { contextOf, orderOf } from "../group/group.ts"
import { holdsInAll } from "../testing/history.ts"
import type { Rule } from "../testing/live.ts"
import { slotsForNew, slotsOf } from "./limit.ts"
import type { AccountActor } from "./states.ts"

/** Where an account stands, as words that sort by themselves. */
const standing = (actor: AccountActor): string => {
  const account = contextOf(actor)
  const { leases, config, lastUsedAt } = account
  const limit = slotsOf(account)
  const slots = slotsForNew(account)
  const load = slots === null ? leases.size / (1 + leases.size) : leases.size / Math.max(1, slots)
  const isFull = limit !== null && leases.size >= limit
  return [
    isFull ? "full" : "able",
    String(config?.priority).padStart(6, "0"),
    load.toFixed(9).padStart(14, "0"),
    String(lastUsedAt),
  ].join(" ")
}

const inOrder = (): Rule => ({
  rested: (_, { group }) => {
    const standings = [...orderOf(group)].map(standing)
    expect(standings).toEqual(standings.toSorted())
    expect(new Set(orderOf(group))).toEqual(new Set(group.usable))
  },
})

it("A12, B4: the accounts of a channel are tried free before full, by priority, load and the time of their last use, whatever has happened", () =>
  holdsInAll(inOrder))
