import type { AttemptFailure, Cause } from "./failure.ts"

/** What may follow a failed attempt: nothing, a try at any account, or one that leaves this account out. */
export type Next = "stop" | "same_account" | "other_account"

/**
 * Says what a failure allows.
 *
 * Connection errors and 5xx allow the same account again; what speaks of the account itself (401, 402, 403, 408, 429, 529, overload) or has cost a whole timeout does not; a
 * redirect is not followed, and may be a mistake in one channel. Every other 4xx is the client's to hear.
 * Source: B9.
 */
export const nextAfter = (failure: AttemptFailure): Next =>
  failure.kind === "cause"
    ? nextAfterCause[failure.cause]
    : nextAfterStatus(failure.answer.status, failure.answer.rejection !== undefined)

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

const nextAfterStatus = (status: number, isRejection: boolean): Next => {
  if (isRejection || status < 400) return "other_account"
  if (status >= 500) return "same_account"
  return status === 401 || status === 402 || status === 403 || status === 408 ? "other_account" : "stop"
}

const firstDelayMs = 200
const longestDelayMs = 2_000

/** The pause before the nth retry on the same account: 200 ms, doubling to 2 s, up to a quarter longer by chance. Source: B9. */
export const retryDelayMs = (retry: number, random: () => number): number =>
  Math.min(longestDelayMs, firstDelayMs * 2 ** (retry - 1) * (1 + random() / 4))

const none: ReadonlySet<string> = new Set()

/** Keeps what a request has tried, and says whether and when it may try again. Source: B9. */
export class Retries {
  readonly #attempts: number
  readonly #sameAccount: number
  readonly #random: () => number
  #failures: Map<string, number> | undefined
  #pauses = 0
  #tried: Set<string> | undefined
  /** Whether an upstream has answered already (B10). */
  hasAnswer = false
  lastFailure: AttemptFailure | undefined

  constructor(
    { attempts, sameAccount }: { readonly attempts: number; readonly sameAccount: number },
    random: () => number,
  ) {
    this.#attempts = attempts
    this.#sameAccount = sameAccount
    this.#random = random
  }

  /** The accounts that must not carry the request again. */
  get tried(): ReadonlySet<string> {
    return this.#tried ?? none
  }

  /** Takes note of a failed attempt and gives the pause before the next one in milliseconds, or `undefined` where none may follow. */
  pauseAfter(failure: AttemptFailure, account: string, attempts: number): number | undefined {
    const isLost = failure.kind === "cause" && failure.cause === "lease_lost"
    if (failure.kind === "answer") this.hasAnswer = true
    // A lease that the log did not take says nothing of any upstream.
    if (!isLost) this.lastFailure = failure
    const next = nextAfter(failure)
    if (next === "stop" || attempts >= this.#attempts) return undefined
    if (isLost) return 0
    this.#failures ??= new Map()
    const failures = (this.#failures.get(account) ?? 0) + 1
    this.#failures.set(account, failures)
    if (next === "other_account" || failures > this.#sameAccount) {
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
    return attempts < this.#attempts ? 0 : undefined
  }
}
