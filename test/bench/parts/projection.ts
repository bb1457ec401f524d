import { join } from "node:path"
import { type Commit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { type ProjectedAll, projectAll } from "@sluice/projector/project-all.ts"
import { exampleCommits } from "@sluice/projector/testing/example-commits.ts"
import { median } from "../figures.ts"
import { openPrivateLog } from "./private-log.ts"

/** How fast a log goes into the tables. */
export interface ProjectionSpeed {
  readonly facts: number
  readonly factsPerCommit: number
  readonly factsPerSecond: number
  /** Over all tables. */
  readonly rowsPerSecond: number
}

/** As many as a moderately busy channel stores together. */
const factsPerCommit = 6
const channels = 100

/** Measures the projection of a whole log into an empty embedded ClickHouse, with nothing else to do. Source: P1, P2. */
export const measureProjection = async (options: {
  requests: number
  rounds: number
}): Promise<ProjectionSpeed> => {
  await using opened = await openPrivateLog()
  const { log, folder } = opened
  const commits = await storeExamples(log, options.requests)
  const logger = createLogger({ name: "bench", level: "error" })
  const projected: Array<ProjectedAll> = []
  // The first round warms up.
  for (let round = 0; round <= options.rounds; round++)
    projected.push(await projectAll({ log, clickHouse: { path: join(folder, `tables-${round}`) }, logger }))
  const measured = projected.slice(1)
  return {
    facts: measured[0]?.facts ?? 0,
    factsPerCommit: (measured[0]?.facts ?? 0) / commits,
    factsPerSecond: median(measured.map(({ facts, elapsedMs }) => (facts / elapsedMs) * 1_000)),
    rowsPerSecond: median(measured.map(({ rows, elapsedMs }) => (rows / elapsedMs) * 1_000)),
  }
}

/** Stores the commits of example requests, those of each subject joined as on a moderately busy channel; tells how many commits there are. */
export const storeExamples = async (log: EventLog, requests: number): Promise<number> => {
  const bySubject = new Map<string, Array<Fact>>()
  for (const { subject, commit } of exampleCommits({ requests, channels })) {
    const facts = bySubject.get(subject)
    if (facts === undefined) bySubject.set(subject, [...commit.facts])
    else facts.push(...commit.facts)
  }
  const counts = await Promise.all([...bySubject].map(([subject, facts]) => append(log, subject, facts)))
  return counts.reduce((sum, count) => sum + count, 0)
}

const append = async (log: EventLog, subject: string, facts: ReadonlyArray<Fact>): Promise<number> => {
  let expectedSequence = 0
  let version = 0
  for (let from = 0; from < facts.length; from += factsPerCommit) {
    version += 1
    const together = facts.slice(from, from + factsPerCommit)
    const id = `${subject}-${version}`
    const at = together.at(-1)?.at ?? 0
    const commit: Commit = {
      commit: id,
      version,
      at,
      node: "bench",
      epoch: 1,
      schema: schemaNumber,
      facts: together,
    }
    expectedSequence = await log.append({ subject, id, body: JSON.stringify(commit), expectedSequence })
  }
  return version
}
