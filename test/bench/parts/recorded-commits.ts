import { type Commit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { DrivenChannel } from "./driven-channel.ts"

/** A stored commit as it is read. */
export interface RecordedCommit {
  readonly subject: string
  readonly id: string
  readonly body: string
  readonly facts: number
}

/** One request and another's end a commit: with the queue six facts, without it five. */
const waiters = 20
const slots = 20

/** Records what a channel stores while requests come and go, every other channel with a queue. */
export const recordCommits = (channel: number, count: number): Array<RecordedCommit> => {
  const id = `channel-${channel}`
  let facts: Array<Fact> = []
  const driven = new DrivenChannel(id, { accounts: 4, clients: 10, slots }, (fact) => void facts.push(fact))
  const recorded: Array<RecordedCommit> = []
  const cut = () => {
    recorded.push(commitOf(id, facts, recorded.length + 1))
    facts = []
  }
  cut()
  const warm = channel % 2 === 0 ? slots / 2 : slots + waiters
  for (let request = 0; request < warm && recorded.length < count; request++) {
    driven.arrive()
    cut()
  }
  while (recorded.length < count) {
    driven.arrive()
    driven.end()
    cut()
  }
  return recorded
}

const commitOf = (channel: string, facts: ReadonlyArray<Fact>, version: number): RecordedCommit => {
  const id = `01K9ZQ4C8M7R5T2V6X8Z${channel}-${version}`
  const commit: Commit = {
    commit: id,
    version,
    at: facts.at(-1)?.at ?? 0,
    node: "bench",
    epoch: 1,
    schema: schemaNumber,
    facts,
  }
  return { subject: channelSubject(channel), id, body: JSON.stringify(commit), facts: facts.length }
}
