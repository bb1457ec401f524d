import { Lanes } from "@sluice/actors/queue/lanes.ts"
import type { Waiter } from "@sluice/actors/queue/waiter.ts"
import { applicant } from "./channel-commands.ts"
import { operationsPerCycle, type QueueSubject } from "./queue.ts"
import { microsecondsEach, serveRounds } from "./rounds.ts"

serveRounds(({ lanes: clients, waiters, cycles }: QueueSubject) => {
  const lanes = new Lanes()
  let arrived = 0
  const names: Array<string> = []
  const add = () => {
    arrived += 1
    const waiter: Waiter = {
      ...applicant(arrived, { accounts: 1, clients, slots: 1 }, arrived),
      queuedAt: arrived,
      dueAt: arrived + 1_000_000_000,
      dueReason: "queue_timeout",
    }
    names[arrived % (2 * waiters)] = waiter.request
    lanes.add(waiter)
  }
  const cycle = () => {
    add()
    const next = lanes.next()
    if (next !== undefined) lanes.serve(next.request)
    add()
    // One from the midst of the queue gives up.
    lanes.leave(names[(arrived - Math.floor(waiters / 2)) % (2 * waiters)] ?? "")
    lanes.firstDue()
  }
  for (let waiter = 0; waiter < waiters; waiter++) add()
  for (let warmUp = 0; warmUp < cycles; warmUp++) cycle()
  return () =>
    microsecondsEach(cycles * operationsPerCycle, () => {
      for (let count = 0; count < cycles; count++) cycle()
    })
})
