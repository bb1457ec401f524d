import { holdsInAll } from "@sluice/actors/testing/history.ts"
import { decider, type Rule } from "@sluice/actors/testing/live.ts"
import { expect, test } from "vitest"
import { type Draft, logOf } from "../testing/recorded-log.ts"
import { verifyLog } from "./verify-log.ts"

/** Collects what is decided at once as a commit. */
const recorded = (histories: Array<ReadonlyArray<Draft>>) => (): Rule => {
  const drafts: Array<Draft> = []
  return {
    decided: (_, { facts, now }) => {
      const version = drafts.length + 1
      if (facts.length > 0) drafts.push({ commit: `commit-${version}`, version, at: now, facts: [...facts] })
    },
    ended: () => void histories.push(drafts),
  }
}

test("nothing that the actors decide breaks an invariant, in any history", async () => {
  const histories: Array<ReadonlyArray<Draft>> = []
  holdsInAll(recorded(histories), decider, 40)
  const options = { fromMs: 0, running: async () => undefined, onProgress: () => undefined }
  const checked: Record<string, number> = {}
  for (const drafts of histories) {
    const { violations, counts } = await verifyLog(await logOf(drafts), options)
    expect(violations).toEqual([])
    for (const [name, count] of Object.entries(counts)) checked[name] = (checked[name] ?? 0) + count.checked
  }
  for (const name of ["limits", "order", "leases", "usage", "cooldowns"])
    expect([name, (checked[name] ?? 0) > 100]).toEqual([name, true])
})
