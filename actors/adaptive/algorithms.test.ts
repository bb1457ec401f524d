import type { Algorithm } from "@sluice/events/configuration/adaptive-limit.ts"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { start } from "../testing/specification.ts"
import type { Bounds, LimitEvidence, Proposal } from "./algorithm.ts"
import { algorithms } from "./algorithms.ts"

/** What happens next: an attempt is sent if one may be, or one of those under way answers, after a while. */
interface Step {
  readonly what: "send" | "force" | "accept" | "reject" | "succeed" | "fail"
  readonly which: number
  readonly afterMs: number
  readonly jitter: number
  readonly isUnknown: boolean
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constant("send" as const) },
    fc.constantFrom("force" as const, "accept" as const, "reject" as const, "fail" as const),
    { weight: 5, arbitrary: fc.constant("succeed" as const) },
  ),
  which: fc.nat(),
  afterMs: fc.oneof(fc.nat({ max: 400 }), fc.nat({ max: 400 }), fc.nat({ max: 2_400_000 })),
  jitter: fc.double({ min: -1, max: 1, noNaN: true }),
  isUnknown: fc.boolean(),
})

const bounds: fc.Arbitrary<Bounds> = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 3, maxLength: 3 })
  .map((numbers) => numbers.toSorted((one, other) => one - other))
  .map(([min = 1, initial = 1, max = 1]) => ({ min, initial, max }))

interface Sent {
  readonly lease: string
  readonly level: number
  readonly sentAt: number
  readonly isAccepted: boolean
}

/** What was there before a piece of evidence, and after it. */
interface Moment {
  readonly evidence: LimitEvidence
  readonly before: Proposal
  readonly after: Proposal
  readonly state: unknown
}

/** Lets an algorithm decide over a history of attempts: what it proposes is adopted at once. */
class History {
  readonly moments: Array<Moment> = []
  readonly #algorithm
  readonly #bounds: Bounds
  readonly #keep: (state: unknown) => unknown
  readonly #check: (ceiling: number, inFlight: number) => void
  #state: unknown
  #now = start
  #leases = 0
  readonly #sent: Array<Sent> = []

  constructor(
    name: Algorithm,
    of: Bounds,
    options: {
      readonly keep?: (state: unknown) => unknown
      readonly check?: (ceiling: number, inFlight: number) => void
    } = {},
  ) {
    this.#algorithm = algorithms[name].algorithm
    this.#bounds = of
    this.#keep = options.keep ?? ((state) => state)
    this.#check = options.check ?? (() => undefined)
    this.#state = this.#algorithm.begin(of)
  }

  play({ what, which, afterMs, jitter, isUnknown }: Step): void {
    this.#now += afterMs
    const now = this.#now
    const inFlight = this.#sent.length
    const ceiling = this.#algorithm.ceiling(this.#state, { inFlight, now }, this.#bounds)
    this.#check(ceiling, inFlight)
    if (what === "send" || what === "force") {
      if (what === "send" && inFlight >= ceiling) return
      this.#leases += 1
      const sent = { lease: `r${this.#leases}.1`, level: inFlight + 1, sentAt: now, isAccepted: false }
      this.#sent.push(sent)
      return this.#observe({ ...told(sent), at: now, kind: "sent" })
    }
    const at = which % Math.max(1, inFlight)
    const held = this.#sent[at]
    if (held === undefined) return
    const of = { ...told(held), at: now }
    if (what === "accept") {
      this.#sent[at] = { ...held, isAccepted: true }
      return held.isAccepted ? undefined : this.#observe({ ...of, kind: "accepted" })
    }
    this.#sent.splice(at, 1)
    const left = { ...of, inFlight: inFlight - 1 }
    if (what === "reject" && !held.isAccepted)
      return this.#observe({ ...left, kind: "rejected", jitter, retryAfterMs: null, isUnknown })
    const isOk = what === "succeed" && !held.isAccepted
    this.#observe({ ...left, kind: "ended", holdMs: now - held.sentAt, isOk })
  }

  #observe(evidence: LimitEvidence): void {
    const before = this.#algorithm.proposal(this.#state)
    const observed = this.#keep(this.#algorithm.observe(this.#state, evidence, this.#bounds))
    const after = this.#algorithm.proposal(observed)
    this.#state =
      after.limit === before.limit ? observed : this.#algorithm.adopt(observed, after.limit, this.#bounds)
    this.moments.push({ evidence, before, after, state: this.#state })
  }
}

const told = ({ lease, level, sentAt }: Sent) => ({ lease, level, sentAt })

const played = (steps: ReadonlyArray<Step>, ...of: ConstructorParameters<typeof History>) => {
  const history = new History(...of)
  for (const one of steps) history.play(one)
  return history.moments
}

/** Whatever the latencies say, only these follow them. */
const followsLatency: ReadonlySet<string> = new Set<Algorithm>(["gradient2", "vegas"])

const names = Object.keys(algorithms) as ReadonlyArray<Algorithm>

/** The same histories each time, so that a change alone can make a property fail. */
const runs = { numRuns: 150, seed: 20_261_126 }

const holds = (predicate: (steps: ReadonlyArray<Step>, of: Bounds) => void) =>
  fc.assert(fc.property(fc.array(step, { maxLength: 300, size: "max" }), bounds, predicate), runs)

/** True if a change of the limit is one that its evidence allows. */
const isAllowed = (name: Algorithm, { evidence, before, after }: Moment): boolean => {
  const change = after.limit - before.limit
  if (evidence.kind === "rejected") return change <= 0
  return evidence.kind === "ended" && followsLatency.has(name) ? true : change >= 0
}

describe.each(names)("a limit learned by %s", (name) => {
  it("stays a whole number within its bounds (F3)", () =>
    holds((steps, of) => {
      const isGood = ({ limit }: Proposal) =>
        Number.isSafeInteger(limit) && limit >= of.min && limit <= of.max
      expect(played(steps, name, of).filter(({ after }) => !isGood(after))).toEqual([])
    }))

  it("never keeps an account shut with nothing in flight, and never opens it beyond its bounds", () =>
    holds((steps, of) => {
      const wrong: Array<object> = []
      const check = (ceiling: number, inFlight: number) => {
        if (ceiling > of.max || (inFlight === 0 && ceiling < 1)) wrong.push({ ceiling, inFlight })
      }
      played(steps, name, of, { check })
      expect(wrong).toEqual([])
    }))

  it("follows from the evidence alone, and loses nothing when its state is stored as JSON", () =>
    holds((steps, of) => {
      const keep = (state: unknown): unknown => JSON.parse(JSON.stringify(state))
      expect(played(steps, name, of, { keep })).toStrictEqual(played(steps, name, of))
    }))

  it("is never raised by a rejection, nor lowered by a success (F3)", () =>
    holds((steps, of) => {
      expect(played(steps, name, of).filter((moment) => !isAllowed(name, moment))).toEqual([])
    }))

  it("does not move while attempts are only sent", () =>
    holds((steps, of) => {
      const sent = played(steps, name, of).filter(({ evidence }) => evidence.kind === "sent")
      expect(sent.filter(({ before, after }) => after.limit !== before.limit)).toEqual([])
    }))

  it("is lowered once by a burst: not again by what was sent before the last decrease (F3)", () =>
    holds((steps, of) => {
      let loweredAt = 0
      const again = played(steps, name, of).filter(({ evidence, before, after }) => {
        if (evidence.kind !== "rejected" || after.limit >= before.limit) return false
        const isOfLast = evidence.sentAt < loweredAt
        loweredAt = evidence.at
        return isOfLast
      })
      expect(again).toEqual([])
    }))

  it("becomes what it is made to be, within its bounds", () => {
    const { algorithm, bounds: usual } = algorithms[name]
    const made = [usual.min, usual.initial + 1, usual.max]
    const adopted = made.map((limit) => algorithm.adopt(algorithm.begin(usual), limit, usual))
    expect(adopted.map((state) => algorithm.proposal(state).limit)).toEqual(made)
  })
})
