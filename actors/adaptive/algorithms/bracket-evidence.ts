import { type Bounds, type LimitEvidence, type Proposal, within } from "../algorithm.ts"

/** An attempt above the proven level of which it is not known yet whether it was accepted. */
interface Test {
  readonly lease: string
  readonly level: number
  readonly sentAt: number
  /** It was accepted, and waits for those sent before it: each that is rejected makes it one fewer. */
  readonly isAccepted?: true
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
  /** When the last of them came, or later where rejections are slow: only what is sent from then on contradicts them. */
  readonly struckAt: number
  /** At which level. */
  readonly struckLevel: number
  /** Rejections that were contradicted, and attempts, both fading: their ratio is the rate of noise. */
  readonly noise: number
  readonly seen: number
  /** How many times in a row the base was lowered without an acceptance between; while any, one attempt goes at a time. */
  readonly drops: number
  /** What was sent before this tells nothing of the base as it is now. */
  readonly loweredAt: number
  /** How many times the limit has fallen, each soon after the one before. */
  readonly falls: number
  /** The one attempt that goes while the base is proven again. */
  readonly scout: string | null
  readonly tests: ReadonlyArray<Test>
  /** A way there and back takes no longer: the shortest time in which anything was answered. Units: ms. */
  readonly roundTripMs: number
  readonly reason: Proposal["reason"]
}

/** Between two tests lies so much at least, once the search is over. */
export const shortestGapMs = 5_000
const longestGapMs = 60_000
const gapJitter = 0.1
/** An acceptance earns so much of a rejection; more where slots are few: each is worth more there, and fewer requests are there to find it. */
const earned = { least: 0.0042, most: 0.03, few: 0.145 }
/** A rejected test costs one rejection, give or take such a part by chance, so that tests keep no step with what the provider does. */
const costJitter = 0.3
const budgetMax = 3
/** The search goes up by such a part of the base at once, at most. */
const steepest = 0.25
/** A limit that has fallen is sought down to such a part of the level that was rejected last, at once. */
const steepestFall = 0.7
/** Rejections that come so close together are of one burst. */
const burstMs = 1_000
/** After a strike the level that was rejected is left alone for so long: what took its slot is still there. */
const holdMs = 2_000
/** A limit that has fallen so often, each time so soon after the time before, is a restless one: it is followed in single steps, and falls one further. */
const restlessFalls = 3
const restlessMs = 120_000
const restlessGapMs = 10_000
const restlessHoldMs = 3_500
/** Evidence of this weight is believed. */
const believed = 9.2
/** How often a true limit rejects above its level, and how often it lets one through after all. */
const hit = 0.9
const miss = 0.1
const noiseRate = { least: 0.005, most: 0.2, prior: 0.5, priorSeen: 100 }
/** Of what was seen so many attempts ago, half counts. */
const halfLife = 500
const fading = 0.5 ** (1 / halfLife)
/** One way there and back takes so much longer than another. */
const roundTripSpread = 1.5
/** Where nothing was answered yet, a way there and back takes so long. */
export const longestRoundTripMs = 150

const noiseOf = ({ noise, seen }: Bracket): number => {
  const rate = (noise + noiseRate.prior) / (seen + noiseRate.priorSeen)
  return Math.min(noiseRate.most, Math.max(noiseRate.least, rate))
}

/** True if nothing is left between what was accepted and what was rejected. */
export const isConverged = ({ base, hi }: Bracket): boolean => hi !== null && hi - base <= 1

/** Nothing speaks against the proven level. */
export const unproven = {
  strikes: 0,
  struck: 0,
  struckLevel: 0,
  strikeLevel: Number.MAX_SAFE_INTEGER,
  struckAt: 0,
}

const isSoonAfterFall = ({ loweredAt }: Bracket, at: number): boolean => at - loweredAt < restlessMs

const isRestless = (state: Bracket, at: number): boolean =>
  state.falls >= restlessFalls && isSoonAfterFall(state, at)

/** Until when the level of the last strike is left alone. */
export const heldUntil = (state: Bracket): number =>
  state.struckAt + (isRestless(state, state.struckAt) ? restlessHoldMs : holdMs)

/** The level below the strikes, or the proven one where there are none: what goes above it is on trial, one attempt at a time. */
export const undoubted = ({ base, strikes, drops, struck, struckLevel }: Bracket): number =>
  strikes > 0 && drops === 0 ? Math.min(base, Math.max(base - struck, struckLevel - 1)) : base

/** Sets the level up to which the search goes next: the middle of what is open, or a step while nothing was rejected. */
export const aimed = (state: Bracket): Bracket => {
  const { base, hi, step } = state
  if (hi === null) return { ...state, target: base + step }
  return { ...state, target: hi - base > 2 ? Math.floor((base + hi) / 2) : base + 1 }
}

/** An attempt goes out: as a test if it is above what is beyond doubt, as the scout if that was lowered. */
export const sent = (state: Bracket, { lease, level, sentAt }: LimitEvidence): Bracket => ({
  ...state,
  noise: state.noise * fading,
  seen: state.seen * fading + 1,
  scout: state.drops > 0 ? lease : null,
  tests: level > undoubted(state) ? [...state.tests, { lease, level, sentAt }] : state.tests,
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

const budgetOf = ({ budget, base }: Bracket): number =>
  Math.min(budgetMax, budget + Math.max(earned.least, Math.min(earned.most, earned.few / base ** 2)))

/** True if a test was accepted, and so was every one sent before it. */
const isCertain = (test: Test, tests: Bracket["tests"]): boolean =>
  test.isAccepted === true && !tests.some((other) => !other.isAccepted && other.sentAt <= test.sentAt)

/** The upstream took an attempt: its level is proven, unless the limit has fallen since, or a test sent before it may yet be rejected. Source: F1. */
export const accepted = (before: Bracket, evidence: LimitEvidence, { max }: Bounds): Bracket => {
  const { lease, level: own, sentAt, at } = evidence
  const paid = { ...before, budget: budgetOf(before) }
  // What was taken before the limit fell says nothing of it as it is now.
  if (sentAt < paid.loweredAt) return settled(paid, lease)
  const isTest = paid.tests.some((test) => test.lease === lease)
  const told = paid.tests.map((test) =>
    test.lease === lease ? { ...test, isAccepted: true as const } : test,
  )
  const certain = told.filter((test) => isCertain(test, told))
  const tests = told.filter((test) => !certain.includes(test))
  const state = { ...paid, tests, scout: paid.scout === lease ? null : paid.scout }
  const levels = certain.map(({ level }) => level)
  // An attempt may have been sent before the bounds became tighter.
  const level = Math.min(max, Math.max(...levels, isTest ? 0 : own))
  if (level > state.base) return raised(state, level, at)
  if (state.drops > 0) return aimed({ ...state, ...unproven, drops: 0 })
  const contradicts = state.strikes > 0 && level >= state.strikeLevel && sentAt >= state.struckAt
  return contradicts ? contradicted(state) : state
}

const raised = (state: Bracket, level: number, at: number): Bracket => {
  const { hi, step, target } = state
  const up = { ...state, ...unproven, base: level, drops: 0, reason: "accepted" as const }
  // What was rejected once is accepted now: the limit has risen, and nobody knows how far.
  if (hi !== null && level >= hi) {
    if (isRestless(state, at)) return aimed({ ...up, hi: level + 1, nextTestAt: at + restlessGapMs })
    return aimed({ ...up, hi: null, step: 1, gapMs: shortestGapMs })
  }
  if (level < target) return up
  return aimed(
    hi === null ? { ...up, step: Math.max(1, Math.min(step * 2, Math.floor(level * steepest))) } : up,
  )
}

/** An acceptance at a level that was rejected takes some of the evidence back; what is all taken back was noise. */
const contradicted = (state: Bracket): Bracket => {
  const strikes = state.strikes + Math.log(miss / (1 - noiseOf(state)))
  return strikes > 0 ? { ...state, strikes } : { ...state, ...unproven, noise: state.noise + state.struck }
}

/** An attempt that was rejected while a test was on its way may have been overtaken by it: then it is the level of the test that was too high. */
const rejectedLevelOf = ({ tests, roundTripMs }: Bracket, evidence: LimitEvidence, own: number): number =>
  tests.reduce(
    (level, test) =>
      Math.abs(test.sentAt - evidence.sentAt) < roundTripMs ? Math.max(level, test.level) : level,
    own,
  )

/** An attempt was one too many: a bound for the search, or a strike against the proven level. Source: F3, F6. */
export const rejected = (
  before: Bracket,
  evidence: LimitEvidence & { kind: "rejected" },
  bounds: Bounds,
): Bracket => {
  const level = rejectedLevelOf(before, evidence, levelOf(before, evidence))
  const { at, sentAt, retryAfterMs, jitter } = evidence
  const state = {
    ...settled(before, evidence.lease),
    tests: lessOneAfter(before.tests, evidence),
    roundTripMs: Math.min(before.roundTripMs, (at - sentAt) * roundTripSpread),
  }
  const isTest = level > state.base
  const hi = isTest ? Math.min(state.hi ?? level, level) : state.hi
  if (sentAt < state.loweredAt) return aimed({ ...state, hi })
  if (!isTest) return struck(state, level, { at, bounds, tookMs: at - sentAt })
  const wasConverged = isConverged(before)
  const gapMs = wasConverged ? Math.min(longestGapMs, state.gapMs * 2) : state.gapMs
  const restMs = wasConverged || isConverged({ ...state, hi }) ? gapMs * (1 + gapJitter * jitter) : 0
  return aimed({
    ...state,
    hi,
    gapMs,
    step: 1,
    budget: wasConverged ? state.budget - (1 + costJitter * jitter) : state.budget,
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
  { at, bounds, tookMs }: { readonly at: number; readonly bounds: Bounds; readonly tookMs: number },
): Bracket => {
  const next = {
    ...state,
    strikes: state.strikes + Math.log(hit / noiseOf(state)),
    struck: state.struck + 1,
    strikeLevel: Math.min(state.strikeLevel, level),
    // Those that were sent before may be rejected as late, and fill no slot until then.
    struckAt: at + Math.max(0, tookMs - holdMs),
    struckLevel: level,
  }
  if (state.drops === 0 && next.strikes <= believed) return next
  const lowest = at - state.struckAt < burstMs ? next.strikeLevel : level
  const fall = 2 ** state.drops + (isRestless(state, at) ? 1 : 0)
  const fallen = Math.max(lowest - fall, Math.floor(lowest * steepestFall))
  const base = within(bounds, Math.min(state.base - 1, fallen))
  return aimed({
    ...next,
    base,
    hi: Math.max(lowest, base + 1),
    step: 1,
    drops: state.drops + 1,
    falls: state.drops > 0 ? state.falls : (isSoonAfterFall(state, at) ? state.falls : 0) + 1,
    loweredAt: at,
    scout: null,
    tests: [],
    gapMs: shortestGapMs,
    nextTestAt: at + tookMs,
    reason: "rejected",
  })
}

/** An attempt has ended: it was accepted if that was not known yet, and what was tested in this instant proves one level fewer. Source: F1. */
export const ended = (
  before: Bracket,
  evidence: LimitEvidence & { kind: "ended" },
  bounds: Bounds,
): Bracket => {
  const answered = evidence.isOk ? accepted(before, evidence, bounds) : settled(before, evidence.lease)
  const { at, holdMs: heldMs, isOk } = evidence
  const roundTripMs = isOk ? Math.min(before.roundTripMs, heldMs * roundTripSpread) : before.roundTripMs
  const state = { ...answered, roundTripMs }
  if (!state.tests.some(({ sentAt }) => sentAt > at - roundTripMs)) return state
  return {
    ...state,
    tests: state.tests.map((test) =>
      test.sentAt > at - roundTripMs ? { ...test, level: test.level - 1 } : test,
    ),
  }
}
