import type { DecisionSubject } from "./decisions.ts"
import { DrivenChannel } from "./driven-channel.ts"
import { microsecondsEach, serveRounds } from "./rounds.ts"

const slots = 100

serveRounds(({ accounts, lanes, waiters, cycles }: DecisionSubject) => {
  const channel = new DrivenChannel("bench", { accounts, clients: lanes, slots })
  for (let request = 0; request < slots + waiters; request++) channel.arrive()
  const cycle = () => {
    channel.arrive()
    channel.end()
  }
  for (let warmUp = 0; warmUp < cycles; warmUp++) cycle()
  return () => {
    const before = channel.counts
    const us = microsecondsEach(1, () => {
      for (let count = 0; count < cycles; count++) cycle()
    })
    return us / (channel.counts.decisions - before.decisions)
  }
})
