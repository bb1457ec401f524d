import { type GroupSnapshot, toSnapshot } from "@sluice/actors/group/snapshot.ts"
import { holdsInAll } from "@sluice/actors/testing/history.ts"
import { decider, type Rule } from "@sluice/actors/testing/live.ts"
import { expect, test } from "vitest"
import { createLedgerGroup, evolveLedger, ledgerSnapshot } from "./ledger-group.ts"

/** The regions and all that is known of a group without statecharts are those of the actors. */
const followsActors = (): Rule => {
  const ledgers = createLedgerGroup()
  let stored = createLedgerGroup()
  return {
    happened: (_, fact, group) => {
      evolveLedger(ledgers, fact)
      expect(ledgerSnapshot(ledgers)).toEqual(toSnapshot(group))
      evolveLedger(stored, fact)
      stored = createLedgerGroup(JSON.parse(JSON.stringify(ledgerSnapshot(stored))) as GroupSnapshot)
      expect(ledgerSnapshot(stored)).toEqual(toSnapshot(group))
    },
  }
}

test("without their statecharts actors come to the same in every history, also when they are stored and read back", () => {
  holdsInAll(followsActors, decider, 25)
})

test("a fact that no actor knows is refused, as by the actors", () => {
  const group = createLedgerGroup()
  const fact = { actor: "channel/c", type: "channel.unheard_of", at: 0 } as never
  expect(() => evolveLedger(group, fact)).toThrow(/no transition for channel\.unheard_of/)
})
