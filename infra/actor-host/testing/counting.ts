import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import { type Commit, decodeCommit, type Fact } from "@sluice/events/commit.ts"
import type { EventLog } from "../../event-log/event-log.ts"
import type { Decider, Denial } from "../decider.ts"

/** How often a process has started, and the names of its incarnations, which make its checkpoints large. */
export interface Starts {
  count: number
  names: Array<string>
}

/** The subject that is counted. */
export const subject = "sluice.log.ingress.n"

const started = (incarnation: string, at: number): Fact => ({
  actor: "ingress/n",
  type: "node.started",
  at,
  incarnation,
  clean: true,
})

const nameBytes = 60_000

/** Counts starts; its checkpoint is a fact for the count and one for each name. */
export const counting: Omit<Decider<Starts, ReadonlyArray<string>, Denial>, "translation"> = {
  create: () => ({ count: 0, names: [] }),
  evolve: (starts, fact) => {
    if (fact.type !== "node.started") throw new Error(`${fact.type} is out of place`)
    starts.count += 1
    if (fact.incarnation !== "") starts.names.push(fact.incarnation)
  },
  decide: (_, names, now) => ({ kind: "facts", facts: names.map((name) => started(name, now)) }),
  reactions: () => [],
  dueAt: () => null,
  snapshot: (starts) => structuredClone(starts),
  restore: (stored) => structuredClone(stored) as Starts,
  machineHash: "counting",
  checkpoint: ({ count, names }, { at }) =>
    [{ count }, ...names.map((name) => ({ name: name.padEnd(nameBytes) }))].map(
      (context, part): CheckpointFact => ({
        actor: "ingress/n",
        type: "ingress.checkpointed",
        at,
        part,
        parts: names.length + 1,
        shape: 1,
        machineHash: "counting",
        value: null,
        context,
      }),
    ),
  fromCheckpoint: (facts) => {
    if (facts.some(({ shape }) => shape > 1)) return undefined
    const [first, ...names] = facts.map(({ context }) => context as { count: number; name: string })
    return { count: first?.count ?? 0, names: names.map(({ name }) => name.trimEnd()) }
  },
}

/** Returns the commits that a log holds of the subject. */
export const commitsIn = async (log: EventLog): Promise<ReadonlyArray<Commit>> => {
  const commits: Array<Commit> = []
  for await (const { body } of log.read({ subject, afterSequence: 0 })) commits.push(decodeCommit(body))
  return commits
}

/** Makes a stored commit of starts, or of other facts. */
export const stored = (version: number, facts: ReadonlyArray<string | Fact>) => ({
  sequence: 10 * version,
  body: JSON.stringify({
    commit: `commit-${version}`,
    version,
    at: version,
    node: "n",
    epoch: 3,
    schema: 1,
    facts: facts.map((fact) => (typeof fact === "string" ? started(fact, version) : fact)),
  } satisfies Omit<Commit, "schema"> & { schema: number }),
})
