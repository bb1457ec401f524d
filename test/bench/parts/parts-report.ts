import type { Bar } from "../figures.ts"
import type { Machine } from "../machine.ts"
import type { CommitSpeed } from "./commits.ts"
import type { DecisionCost } from "./decisions.ts"
import type { ExplanationPlan, ExplanationSpeed } from "./explanations.ts"
import type { LookingBackSpeed } from "./looking-back.ts"
import type { ProjectionSpeed } from "./projection.ts"
import type { QueueCost } from "./queue.ts"
import type { ReplaySpeed } from "./replay.ts"

/** How much of each part is measured. */
export interface PartsPlan {
  readonly rounds: number
  readonly waiters: ReadonlyArray<number>
  readonly decisions: {
    readonly accounts: ReadonlyArray<number>
    readonly lanes: ReadonlyArray<number>
    readonly cycles: number
  }
  readonly queue: { readonly lanes: number; readonly cycles: number }
  readonly replay: { readonly commits: number }
  readonly commits: { readonly channels: number; readonly facts: number }
  readonly projection: { readonly requests: number; readonly rounds: number }
  readonly lookingBack: { readonly facts: number; readonly rounds: number }
  readonly explanations: ExplanationPlan
}

/** What one run of the bench of the parts found. */
export interface PartsReport {
  readonly machine: Machine
  readonly plan: PartsPlan
  readonly decisions: ReadonlyArray<DecisionCost>
  readonly queue: ReadonlyArray<QueueCost>
  readonly replay: ReplaySpeed
  readonly commits: CommitSpeed
  readonly projection: ProjectionSpeed
  readonly lookingBack: LookingBackSpeed
  readonly explanations: ExplanationSpeed
  readonly bars: ReadonlyArray<Bar>
}

/** What the parts are held to. */
export const partsBars = (measured: Omit<PartsReport, "bars">): ReadonlyArray<Bar> => {
  const { decisions, replay, commits, projection, lookingBack, explanations, plan } = measured
  const perSecond = { unit: "facts/s" }
  return [
    {
      bar: `a decision at ${plan.waiters.at(-1)} waiters against one at ${plan.waiters[0]}, at worst`,
      measured: Math.max(...decisions.map(({ ratio }) => ratio)),
      atMost: 1.3,
      unit: "×",
    },
    { bar: "folded with decoding", measured: replay.foldedPerSecond, atLeast: 120_000, ...perSecond },
    {
      bar: `decided and committed over ${commits.channels} channels, ${commits.factsPerCommit} facts a commit`,
      measured: commits.hostedFactsPerSecond,
      atLeast: 60_000,
      ...perSecond,
    },
    { bar: "projected, alone", measured: projection.factsPerSecond, atLeast: 100_000, ...perSecond },
    {
      bar: `replay --at over ${count(lookingBack.facts)} facts of a channel, at the slower place`,
      measured: Math.max(lookingBack.replayedAtEndMs, lookingBack.replayedInMiddleMs),
      atMost: 2_000,
      unit: "ms",
    },
    { bar: "verify", measured: lookingBack.verifiedPerSecond, atLeast: 100_000, ...perSecond },
    {
      bar: `explain over ${count(explanations.facts)} facts, at worst`,
      measured: explanations.worstMs,
      atMost: 200,
      unit: "ms",
    },
  ]
}

const count = (facts: number): string => facts.toLocaleString("en")
