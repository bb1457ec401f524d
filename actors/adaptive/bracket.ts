import {
  type Asking,
  type Bounds,
  type LimitAlgorithm,
  type LimitEvidence,
  type Proposal,
  within,
} from "./algorithm.ts"

/** An attempt above the proven level of which it is not known yet whether it was accepted. */
interface Test {
  readonly lease: string
  readonly level: number
  readonly sentAt: number
}

/** What Bracket knows: a proven level, the lowest rejected one, and how sure it is of both. */
export interface Bracket {
  /** Proven, and enforced. */
  readonly base: number
  /** The lowest level that was rejected; `null` for none. */
  readonly hi: number | null
  /** Up to where attempts test at once while the search goes on. */
  readonly target: number
  /** How far the next target lies above the base while nothing was rejected. */
  readonly step: number
  /** How long to wait between two tests once the search is over. */
  readonly gapMs: number
  /** No test before this. */
  readonly nextTestAt: number
  /** How many rejections may still be spent on tests. */
  readonly budget: number
  /** The weight of the evidence against the proven level, of how many rejections it is, and from which level on acceptances contradict it. */
  readonly strikes: number
  readonly struck: number
  readonly strikeLevel: number
  /** Rejections that were contradicted, and attempts, both fading: their ratio is the rate of noise. */
  readonly noise: number
  readonly seen: number
  /** How many times in a row the base was lowered without an acceptance between; while any, one attempt goes at a time. */
  readonly drops: number
  /** What was sent before this tells nothing of the base as it is now. */
  readonly loweredAt: number
  /** The one attempt that goes while the base is proven again. */
  readonly scout: string | null
  readonly tests: ReadonlyArray<Test>
  readonly reason: Proposal["reason"]
}

const shortestGapMs = 5_000
const longestGapMs = 120_000
const gapJitter = 0.1
const earnedByAcceptance = 0.005
const budgetMax = 3
/** Evidence of this weight is believed. */
const believed = 9.2
/** How often a true limit rejects above its level, and how often it lets one through after all. */
const hit = 0.9
const miss = 0.1
const noiseRate = { least: 0.005, most: 0.2, prior: 0.5, priorSeen: 100 }
/** Of what was seen so many attempts ago, half counts. */
const halfLife = 500
const fading = 0.5 ** (1 / halfLife)
/** What ends within a round trip of the sending of a test leaves room that the test did not prove. */
const roundTripMs = 150

const noiseOf = ({ noise, seen }: Bracket): number => {
  const rate = (noise + noiseRate.prior) / (seen + noiseRate.priorSeen)
  return Math.min(noiseRate.most, Math.max(noiseRate.least, rate))
}

const isConverged = ({ base, hi }: Bracket): boolean => hi !== null && hi - base <= 1

const unproven = { strikes: 0, struck: 0, strikeLevel: Number.MAX_SAFE_INTEGER }

/** Sets the level up to which the search goes next: the middle of what is open, or a step while nothing was rejected. */
const aimed = (state: Bracket): Bracket => {
  const { base, hi, step } = state
  if (hi === null) return { ...state, target: base + step }
  return { ...state, target: hi - base > 2 ? Math.floor((base + hi) / 2) : base + 1 }
}

const sent = (state: Bracket, { lease, level, sentAt }: LimitEvidence): Bracket => ({
  ...state,
  noise: state.noise * fading,
  seen: state.seen * fading + 1,
  scout: state.drops > 0 ? lease : null,
  tests: level > state.base ? [...state.tests, { lease, level, sentAt }] : state.tests,
})

/** Takes a lease out of those that are under way. */
const settled = (state: Bracket, lease: string): Bracket => ({
  ...state,
  scout: state.scout === lease ? null : state.scout,
  tests: state.tests.some((test) => test.lease === lease)
    ? state.tests.filter((test) => test.lease !== lease)
    : state.tests,
})

const levelOf = ({ tests }: Bracket, { lease, level }: LimitEvidence): number =>
  tests.find((test) => test.lease === lease)?.level ?? level

const accepted = (before: Bracket, evidence: LimitEvidence): Bracket => {
  const level = levelOf(before, evidence)
  const earned = Math.min(budgetMax, before.budget + earnedByAcceptance)
  const state = { ...settled(before, evidence.lease), budget: earned }
  if (level > state.base) return raised(state, level)
  if (state.drops > 0)
    return evidence.sentAt < state.loweredAt ? state : aimed({ ...state, ...unproven, drops: 0 })
  return state.strikes > 0 && level >= state.strikeLevel ? contradicted(state) : state
}

const raised = (state: Bracket, level: number): Bracket => {
  const { hi, step, target } = state
  const up = { ...state, ...unproven, base: level, drops: 0, reason: "accepted" as const }
  // What was rejected once is accepted now: the limit has risen, and nobody knows how far.
  if (hi !== null && level >= hi) return aimed({ ...up, hi: null, step: 1, gapMs: shortestGapMs })
  if (level < target) return up
  return aimed(hi === null ? { ...up, step: Math.max(1, Math.min(step * 2, Math.floor(level / 2))) } : up)
}

/** An acceptance at a level that was rejected takes some of the evidence back; what is all taken back was noise. */
const contradicted = (state: Bracket): Bracket => {
  const strikes = state.strikes + Math.log(miss / (1 - noiseOf(state)))
  return strikes > 0 ? { ...state, strikes } : { ...state, ...unproven, noise: state.noise + state.struck }
}

const rejected = (
  before: Bracket,
  evidence: LimitEvidence & { kind: "rejected" },
  bounds: Bounds,
): Bracket => {
  const level = levelOf(before, evidence)
  const { at, sentAt, retryAfterMs, jitter } = evidence
  const state = { ...settled(before, evidence.lease), tests: lessOneAfter(before.tests, evidence) }
  const isTest = level > state.base
  const hi = isTest ? Math.min(state.hi ?? level, level) : state.hi
  if (sentAt < state.loweredAt) return aimed({ ...state, hi })
  if (!isTest) return struck(state, level, { at, bounds })
  const wasConverged = isConverged(before)
  const gapMs = wasConverged ? Math.min(longestGapMs, state.gapMs * 2) : state.gapMs
  const restMs = wasConverged || isConverged({ ...state, hi }) ? gapMs * (1 + gapJitter * jitter) : 0
  return aimed({
    ...state,
    hi,
    gapMs,
    step: 1,
    budget: wasConverged ? state.budget - 1 : state.budget,
    nextTestAt: at + Math.round(Math.max(restMs, retryAfterMs ?? 0)),
  })
}

/** Attempts that were sent after a rejected one were in truth one fewer. Source: F1. */
const lessOneAfter = (tests: Bracket["tests"], { lease, sentAt }: LimitEvidence): Bracket["tests"] =>
  tests.flatMap((test) => {
    if (test.lease === lease) return []
    return [test.sentAt >= sentAt ? { ...test, level: test.level - 1 } : test]
  })

/** A rejection at a proven level is noise or a limit that has fallen: it is believed when too much speaks for it. Source: F6. */
const struck = (
  state: Bracket,
  level: number,
  { at, bounds }: { readonly at: number; readonly bounds: Bounds },
): Bracket => {
  const next = {
    ...state,
    strikes: state.strikes + Math.log(hit / noiseOf(state)),
    struck: state.struck + 1,
    strikeLevel: Math.min(state.strikeLevel, level),
  }
  if (state.drops === 0 && next.strikes <= believed) return next
  const base = within(bounds, Math.min(state.base, level) - 2 ** state.drops)
  return aimed({
    ...next,
    base,
    hi: Math.max(level, base + 1),
    step: 1,
    drops: state.drops + 1,
    loweredAt: at,
    scout: null,
    tests: [],
    gapMs: shortestGapMs,
    nextTestAt: at,
    reason: "rejected",
  })
}

const ended = (before: Bracket, evidence: LimitEvidence & { kind: "ended" }): Bracket => {
  const state = evidence.isOk ? accepted(before, evidence) : settled(before, evidence.lease)
  const { at } = evidence
  if (!state.tests.some(({ sentAt }) => sentAt > at - roundTripMs)) return state
  return {
    ...state,
    tests: state.tests.map((test) =>
      test.sentAt > at - roundTripMs ? { ...test, level: test.level - 1 } : test,
    ),
  }
}

const ceiling = (state: Bracket, { inFlight, now }: Asking, bounds: Bounds): number => {
  const { base, drops, scout, tests, budget, nextTestAt, target } = state
  if (drops > 0) return scout === null ? base : Math.min(base, inFlight)
  if (now < nextTestAt) return base
  if (!isConverged(state)) return within(bounds, Math.max(base, target))
  return tests.length === 0 && budget >= 1 ? within(bounds, base + 1) : base
}

/**
 * Brackets the hidden limit: the highest level that was accepted below, the lowest that was rejected above, and a search between them.
 *
 * One rejection tells much: so tests are few, and paid for by acceptances; a rejection at a proven level is believed only against the rate of noise.
 * Source: adaptive.md, F1, F3, F6.
 */
export const bracket: LimitAlgorithm<Bracket> = {
  begin: ({ initial }) => ({
    ...unproven,
    base: initial,
    hi: null,
    target: initial + 1,
    step: 1,
    gapMs: shortestGapMs,
    nextTestAt: 0,
    budget: 1,
    noise: 0,
    seen: 0,
    drops: 0,
    loweredAt: 0,
    scout: null,
    tests: [],
    reason: "accepted",
  }),
  observe: (state, evidence, bounds) => {
    switch (evidence.kind) {
      case "sent":
        return sent(state, evidence)
      case "accepted":
        return accepted(state, evidence)
      case "rejected":
        return rejected(state, evidence, bounds)
      case "ended":
        return ended(state, evidence)
    }
  },
  proposal: ({ base, reason }) => ({ limit: base, reason }),
  adopt: (state, limit) =>
    limit === state.base
      ? state
      : aimed({ ...state, ...unproven, base: limit, hi: null, step: 1, drops: 0, scout: null, tests: [] }),
  ceiling,
  opensAt: (state, { max }) =>
    state.drops === 0 && state.tests.length === 0 && state.budget >= 1 && state.base < max
      ? state.nextTestAt
      : null,
  watches: ({ base, drops, strikes }, level) => level > base || drops > 0 || strikes > 0,
  isSettled: (state) => isConverged(state) && state.drops === 0,
}
