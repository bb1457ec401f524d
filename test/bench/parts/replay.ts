import { decodeCommit } from "@sluice/events/commit.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { median } from "../figures.ts"
import { recordCommits } from "./recorded-commits.ts"

/** How fast a history is read again. */
export interface ReplaySpeed {
  readonly factsPerCommit: number
  readonly foldedPerSecond: number
  /** Without decoding. */
  readonly evolvedPerSecond: number
}

/** Measures the fold of a channel's history, from the stored bytes and from decoded facts. Source: L11. */
export const measureReplay = (options: { commits: number; rounds: number }): ReplaySpeed => {
  const recorded = recordCommits(1, options.commits)
  const facts = recorded.reduce((sum, commit) => sum + commit.facts, 0)
  const decoded = recorded.map(({ body }) => decodeCommit(body))
  const fold = () => {
    const group = channelDecider.create()
    for (const { body } of recorded)
      for (const fact of decodeCommit(body).facts) channelDecider.evolve(group, fact)
  }
  const evolve = () => {
    const group = channelDecider.create()
    for (const commit of decoded) for (const fact of commit.facts) channelDecider.evolve(group, fact)
  }
  const folded: Array<number> = []
  const evolved: Array<number> = []
  // The first round warms up.
  for (let round = 0; round <= options.rounds; round++) {
    folded.push(perSecond(facts, fold))
    evolved.push(perSecond(facts, evolve))
  }
  return {
    factsPerCommit: facts / recorded.length,
    foldedPerSecond: median(folded.slice(1)),
    evolvedPerSecond: median(evolved.slice(1)),
  }
}

const perSecond = (count: number, run: () => void): number => {
  const begin = performance.now()
  run()
  return (count / (performance.now() - begin)) * 1_000
}
