/** Where a learned limit begins, and between what it stays. Source: F3. */
export interface Bounds {
  readonly initial: number
  readonly min: number
  readonly max: number
}

/**
 * One thing that an attempt tells of the hidden limit.
 *
 * `level` is how many were in flight when it was sent, itself included; `inFlight` how many are left after its end.
 * Source: F1, F2.
 */
export type LimitEvidence = {
  readonly lease: string
  readonly level: number
  readonly sentAt: number
  readonly at: number
} & (
  | { readonly kind: "sent" }
  /** The upstream took it: its headers came, or it was not rejected in the time in which rejections come. */
  | { readonly kind: "accepted" }
  /** It was rejected as one too many; `jitter` is drawn in −1…1. */
  | {
      readonly kind: "rejected"
      readonly jitter: number
      readonly retryAfterMs: number | null
      /** True if nothing tells of what kind the rejection is. */
      readonly isUnknown: boolean
      readonly inFlight: number
    }
  /** It has ended otherwise. */
  | { readonly kind: "ended"; readonly holdMs: number; readonly isOk: boolean; readonly inFlight: number }
)

/** What is to be enforced from now on, and why. */
export interface Proposal {
  readonly limit: number
  readonly reason: "accepted" | "rejected" | "grown" | "probed" | "latency"
}

/** What an attempt finds that asks for a slot. */
export interface Asking {
  readonly inFlight: number
  readonly now: number
}

/**
 * A way to find out how many requests in flight a provider accepts. Pure: its state is folded from evidence and holds nothing else.
 *
 * A state is plain JSON: it stands in snapshots.
 * Source: F8.
 */
export interface LimitAlgorithm<State> {
  begin(bounds: Bounds): State
  observe(state: State, evidence: LimitEvidence, bounds: Bounds): State
  /** Returns what is to be enforced. */
  proposal(state: State): Proposal
  /** Makes the state hold what is enforced: what the log says counts, also where other code would have decided otherwise. */
  adopt(state: State, limit: number, bounds: Bounds): State
  /** Returns how many may be in flight now: the limit, or more where an attempt may test what is above it, or fewer while it is proven again. */
  ceiling(state: State, asking: Asking, bounds: Bounds): number
  /** Returns when the ceiling rises by itself, or `null`. */
  opensAt(state: State, bounds: Bounds): number | null
  /** True if anything follows from the acceptance of an attempt that was sent at a level. */
  watches(state: State, level: number): boolean
  /** True if the search is over for now. */
  isSettled(state: State): boolean
}

/** Returns a limit that stays within its bounds. Source: F3. */
export const within = ({ min, max }: Pick<Bounds, "min" | "max">, limit: number): number =>
  Math.min(max, Math.max(min, limit))
