import type { AdaptiveBounds, Algorithm } from "@sluice/events/configuration/adaptive-limit.ts"
import type { Classification } from "@sluice/events/field.ts"
import { type Asking, type Bounds, type LimitEvidence, type Proposal, within } from "../adaptive/algorithm.ts"
import { algorithms } from "../adaptive/algorithms.ts"

/** An attempt of which it matters whether the upstream takes it, and that has not answered yet. */
interface Pending {
  readonly lease: string
  readonly sentAt: number
}

/** What is known of a hidden limit. Plain JSON: it stands in snapshots. Source: F1–F4. */
export interface Learning {
  readonly algorithm: Algorithm
  readonly bounds: Bounds
  /** Enforced: what the last fact said, or where it began. */
  readonly limit: number
  /** The algorithm's own. */
  readonly state: unknown
  /** The oldest first. */
  readonly pending: ReadonlyArray<Pending>
  /** How long the last rejections took to come. Units: ms. */
  readonly latencies: ReadonlyArray<number>
  /** How many attempts have told something since the limit was last adjusted. */
  readonly samples: number
  /** What the last evidence was seen with. */
  readonly inFlight: number
  readonly classification: Classification | null
}

const latenciesKept = 20
const shortestWindowMs = 150
const windowFactor = 1.5

const boundsOf = (wanted: AdaptiveBounds): { readonly algorithm: Algorithm; readonly bounds: Bounds } => {
  const algorithm = wanted.algorithm ?? "bracket"
  const usual = algorithms[algorithm].bounds
  const max = wanted.max ?? Math.max(usual.max, wanted.min ?? 0, wanted.initial ?? 0)
  const min = Math.min(wanted.min ?? usual.min, max)
  return { algorithm, bounds: { min, max, initial: within({ min, max }, wanted.initial ?? usual.initial) } }
}

/** Begins to learn a limit, or goes on with what is known already as far as the bounds allow it. Source: F4. */
export const learn = (wanted: AdaptiveBounds, known: Learning | null = null): Learning => {
  const { algorithm, bounds } = boundsOf(wanted)
  const { algorithm: way } = algorithms[algorithm]
  if (known?.algorithm === algorithm) {
    const limit = within(bounds, known.limit)
    return { ...known, bounds, limit, state: way.adopt(known.state, limit, bounds) }
  }
  const limit = known === null ? bounds.initial : within(bounds, known.limit)
  return {
    algorithm,
    bounds,
    limit,
    state: way.adopt(way.begin(bounds), limit, bounds),
    pending: [],
    latencies: known?.latencies ?? [],
    samples: 0,
    inFlight: 0,
    classification: null,
  }
}

/** Returns what was learned before a time in which nothing was: the limit, and nothing of attempts that may have ended since. */
export const resumed = (learning: Learning): Learning => {
  const { algorithm: way } = algorithms[learning.algorithm]
  const { bounds, limit } = learning
  return { ...learning, pending: [], state: way.adopt(way.begin(bounds), limit, bounds) }
}

/** Folds what an attempt tells. Source: F1. */
export const observe = (
  learning: Learning,
  evidence: LimitEvidence,
  classification: Classification | null,
): Learning => {
  const { bounds, pending, latencies } = learning
  const { algorithm } = algorithms[learning.algorithm]
  const isSent = evidence.kind === "sent"
  const state = algorithm.observe(learning.state, evidence, bounds)
  return {
    ...learning,
    state,
    pending:
      isSent && algorithm.watches(state, evidence.level)
        ? [...pending, { lease: evidence.lease, sentAt: evidence.sentAt }]
        : without(pending, evidence.lease),
    latencies:
      evidence.kind === "rejected"
        ? [...latencies.slice(1 - latenciesKept), evidence.at - evidence.sentAt]
        : latencies,
    samples: isSent ? learning.samples : learning.samples + 1,
    inFlight: "inFlight" in evidence ? evidence.inFlight : evidence.level,
    classification,
  }
}

const without = (pending: Learning["pending"], lease: string): Learning["pending"] =>
  pending.some((one) => one.lease === lease) ? pending.filter((one) => one.lease !== lease) : pending

/** Makes a limit the one that is enforced. Source: F3. */
export const adjusted = (learning: Learning, limit: number): Learning => {
  const { algorithm } = algorithms[learning.algorithm]
  return {
    ...learning,
    limit,
    state: algorithm.adopt(learning.state, limit, learning.bounds),
    samples: 0,
  }
}

/** Returns what is to be enforced instead of what is, if anything. Source: F3. */
export const proposalOf = ({ algorithm, state, limit }: Learning): Proposal | null => {
  const proposal = algorithms[algorithm].algorithm.proposal(state)
  return proposal.limit === limit ? null : proposal
}

/** Returns how many may be in flight now, tests included. */
export const ceilingOf = ({ algorithm, state, bounds }: Learning, asking: Asking): number =>
  algorithms[algorithm].algorithm.ceiling(state, asking, bounds)

/** Returns when the ceiling rises by itself, or `null`. */
export const ceilingRisesAt = ({ algorithm, state, bounds }: Learning): number | null =>
  algorithms[algorithm].algorithm.opensAt(state, bounds)

/** True if the search is over for now. */
export const isSettled = ({ algorithm, state }: Learning): boolean =>
  algorithms[algorithm].algorithm.isSettled(state)

/** Returns how long after its sending an attempt that was not rejected counts as accepted: 1.5 times the p95 of the time that rejections take. Source: F1. */
const acceptanceWindowMs = ({ latencies }: Learning): number => {
  const slow = latencies.toSorted((one, other) => one - other)[Math.ceil(latencies.length * 0.95) - 1] ?? 0
  return Math.max(shortestWindowMs, Math.round(slow * windowFactor))
}

/** Returns when the next attempt counts as accepted if it is not rejected, or `null`. Source: F1. */
export const acceptsAt = (learning: Learning): number | null => {
  const first = learning.pending[0]
  return first === undefined ? null : first.sentAt + acceptanceWindowMs(learning)
}

/** Returns those that count as accepted by now. */
export const acceptedUntil = (learning: Learning, now: number): ReadonlyArray<string> => {
  if (learning.pending.length === 0) return []
  const sentBy = now - acceptanceWindowMs(learning)
  return learning.pending.filter(({ sentAt }) => sentAt <= sentBy).map(({ lease }) => lease)
}
