import { type PoolConfiguration, usualWithinMs } from "@sluice/events/configuration/configuration.ts"
import type { AttemptFailure, Cause, UpstreamAnswer } from "./failure.ts"

/** What may follow a failed attempt: nothing, a try at any account, or one that leaves this account out. */
export type Next = "stop" | "same_account" | "other_account"

/**
 * Says what a failure allows.
 *
 * Connection errors and 5xx allow the same account again; what speaks of the account itself (401, 402, 403, 408, 429, 529, overload) or has cost a whole timeout does not; a
 * redirect is not followed, and may be a mistake in one channel. Every other 4xx is the client's to hear. A `concurrency` 429 leaves every account open.
 * Source: B9.
 */
export const nextAfter = (failure: AttemptFailure): Next =>
  failure.kind === "cause" ? nextAfterCause[failure.cause] : nextAfterAnswer(failure.answer)

const nextAfterCause: Readonly<Record<Cause, Next>> = {
  connection: "same_account",
  truncated: "same_account",
  connect_timeout: "same_account",
  lease_lost: "same_account",
  first_byte_timeout: "other_account",
  stall: "other_account",
  deadline: "stop",
  shutting_down: "stop",
  client_left: "stop",
  defect: "stop",
}

const ofAccount: ReadonlySet<number> = new Set([401, 402, 403, 408, 429])

const nextAfterAnswer = ({ status, rejection }: UpstreamAnswer): Next => {
  if (rejection !== undefined) {
    return rejection.classification === "concurrency" ? "same_account" : "other_account"
  }
  if (status < 400) return "other_account"
  if (status >= 500) return "same_account"
  return ofAccount.has(status) ? "other_account" : "stop"
}

/** True if an attempt only found that too many were under way, which is no answer. Source: B9. */
const isCrowded = (failure: AttemptFailure): boolean =>
  failure.kind === "answer" && failure.answer.rejection?.classification === "concurrency"

const firstDelayMs = 200
/** No retry on the same account is put off for longer. Source: B9. */
export const longestDelayMs = 2_000

/** The pause before the nth retry on the same account: 200 ms, doubling to 2 s, up to a quarter longer by chance. Source: B9. */
export const retryDelayMs = (retry: number, random: () => number): number =>
  Math.min(longestDelayMs, firstDelayMs * 2 ** (retry - 1) * (1 + random() / 4))

/** Ends a request that finds too many under way again and again. */
const mostAttempts = 100

const none: ReadonlySet<string> = new Set()

/** Keeps what a request has tried, and says whether and when it may try again. Source: B9. */
export class Retries {
  readonly #rules: PoolConfiguration["retries"]
  readonly #random: () => number
  readonly #now: () => number
  #firstAt: number | undefined
  #begunAt = 0
  #failures: Map<string, number> | undefined
  #pauses = 0
  /** Attempts that found too many under way. */
  #rejectedForConcurrency = 0
  #tried: Set<string> | undefined
  /** True if an upstream has answered already (B10). */
  hasAnswer = false
  lastFailure: AttemptFailure | undefined
  /** True if the last attempt was rejected for concurrency, which is no answer: the request goes back to its place. Source: B9. */
  isReturning = false
  /** How long it has waited in queues, over all of its places; an attempt that found too many under way has waited too. Source: A6. */
  waitedMs = 0

  /** `now` need not be the time of day, but must not go back. */
  constructor(
    rules: PoolConfiguration["retries"],
    { random, now }: { readonly random: () => number; readonly now: () => number },
  ) {
    this.#rules = rules
    this.#random = random
    this.#now = now
  }

  /** The accounts that must not carry the request again. */
  get tried(): ReadonlySet<string> {
    return this.#tried ?? none
  }

  /** Takes note that an attempt begins. */
  begin(): void {
    this.#begunAt = this.#now()
    this.#firstAt ??= this.#begunAt
  }

  /** Takes note of a failed attempt and gives the pause before the next one in milliseconds, or `undefined` where none may follow. */
  pauseAfter(failure: AttemptFailure, account: string, attempts: number): number | undefined {
    this.isReturning = isCrowded(failure)
    if (this.isReturning) {
      this.#rejectedForConcurrency += 1
      this.waitedMs += this.#now() - this.#begunAt
      return attempts < mostAttempts && this.#isInTime() ? 0 : undefined
    }
    const isLost = failure.kind === "cause" && failure.cause === "lease_lost"
    if (failure.kind === "answer") this.hasAnswer = true
    // A lease that the log did not take says nothing of any upstream.
    if (!isLost) this.lastFailure = failure
    const next = nextAfter(failure)
    if (next === "stop" || !this.#mayFollow(attempts)) return undefined
    if (isLost) return 0
    this.#failures ??= new Map()
    const failures = (this.#failures.get(account) ?? 0) + 1
    this.#failures.set(account, failures)
    if (next === "other_account" || failures > this.#rules.sameAccount) {
      this.#tried ??= new Set()
      this.#tried.add(account)
      return 0
    }
    this.#pauses += 1
    return retryDelayMs(this.#pauses, this.#random)
  }

  /** As `pauseAfter`, for a failure that this side's own asking has brought: the same account may be tried without it at once. */
  repeat(failure: AttemptFailure, attempts: number): number | undefined {
    this.lastFailure = failure
    return this.#mayFollow(attempts) ? 0 : undefined
  }

  #mayFollow(attempts: number): boolean {
    return (
      attempts - this.#rejectedForConcurrency < this.#rules.attempts &&
      attempts < mostAttempts &&
      this.#isInTime()
    )
  }

  #isInTime(): boolean {
    const { withinMs = usualWithinMs } = this.#rules
    return this.#now() - (this.#firstAt ?? 0) < withinMs
  }
}
