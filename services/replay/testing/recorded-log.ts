import { checkpointGroup } from "@sluice/actors/group/checkpoint.ts"
import { createGroup, evolve } from "@sluice/actors/group/group.ts"
import { run, start } from "@sluice/actors/testing/specification.ts"
import { type Fact, schemaNumber } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"

/** A command, or a span of time that passes. */
export type Step = Parameters<typeof run>[1][number]

/** A commit before it is stored. */
export interface Draft {
  readonly commit: string
  version: number
  at: number
  wallAt?: number
  facts: Array<Fact>
}

/** The subject of the channel `c` that is recorded. */
export const subject = channelSubject("c")

/** Lets commands happen to a channel `c` by the real actors: a commit for each command, with all that follows from it. */
export const record = (...steps: ReadonlyArray<Step>): Array<Draft> => {
  const group = createGroup()
  const drafts: Array<Draft> = []
  let now = start
  for (const step of steps) {
    const done = run(group, [step], now)
    now = done.now
    const version = drafts.length + 1
    const facts = structuredClone(done.facts)
    if (facts.length > 0) drafts.push({ commit: `commit-${version}`, version, at: now, facts })
  }
  return drafts
}

/** Stores commits as they are, right or wrong. */
export const storeOn = async (log: EventLog, of: string, drafts: ReadonlyArray<Draft>): Promise<void> => {
  for (const draft of drafts) {
    const body = JSON.stringify({ ...draft, node: "n1", epoch: 1, schema: schemaNumber })
    const expectedSequence = (await log.last(of))?.sequence ?? 0
    await log.append({ subject: of, id: draft.commit, body, expectedSequence })
  }
}

/** A log in memory that holds commits of the channel `c`. */
export const logOf = async (drafts: ReadonlyArray<Draft>): Promise<EventLog> => {
  const log = createMemoryLog()
  await storeOn(log, subject, drafts)
  return log
}

/** Puts a checkpoint of what commits make behind a version, in as many commits as there are actors. */
export const checkpointed = (drafts: ReadonlyArray<Draft>, version: number): Array<Draft> => {
  const group = createGroup()
  const head = structuredClone(drafts.slice(0, version))
  for (const { facts } of head) for (const fact of facts) evolve(group, fact)
  const at = head.at(-1)?.at ?? start
  const parts = structuredClone(checkpointGroup(group, at)).map((fact) => ({
    commit: "",
    version: 0,
    at,
    facts: [fact],
  }))
  return [...head, ...parts, ...structuredClone(drafts.slice(version))].map((draft, index) => ({
    ...draft,
    commit: `commit-${index + 1}`,
    version: index + 1,
  }))
}
