import type { ProviderClock } from "./provider-clock.ts"
import {
  advanceGauge,
  readGauge,
  takeFromGauge,
  waitForGauge,
  type RateGauge,
  type RateLevel,
  type RateRule,
} from "./rate-gauge.ts"
import type { Refusal } from "./refusal.ts"
import type { ProviderSettings } from "./settings.ts"
import type { RateReport } from "./wire/wire.ts"

/** Counts of one credential since the start or the last reset. */
export interface CredentialStats {
  inFlight: number
  peak: number
  offered: number
  peakOffered: number
  requests: number
}

/**
 * What the meter measured. `inFlight` counts the requests that hold a slot, from their headers until the last
 * byte of the answer was sent or the client's close was seen (A2); `offered` counts the refused ones too, for
 * as long as they are open. `completed` counts successes.
 */
export interface MeterStats extends CredentialStats {
  completed: number
  aborted: number
  broken: number
  rejected: Record<"concurrency" | "requests" | "tokens" | "credential", number>
}

/** One request on its way through the provider. `refusal` says why it holds no slot. */
export interface Ticket {
  readonly account: Account
  readonly refusal: Refusal | null
  holdsSlot: boolean
}

/** The figures of one credential. */
export interface Account extends CredentialStats {
  readonly requestGauge: RateGauge
  readonly tokenGauge: RateGauge
}

const nominal: RateLevel = { limit: 10_000, remaining: 9_999, resetMs: 6 }
const nominalTokens: RateLevel = { limit: 2_000_000, remaining: 1_999_900, resetMs: 3 }
const nominalReport: RateReport = { requests: nominal, tokens: nominalTokens }

/** Admits and counts requests by credential, against the limits that are in force at that moment. */
export class Meter {
  readonly accounts = new Map<string, Account>()
  readonly clock: ProviderClock
  readonly settings: () => ProviderSettings
  stats: MeterStats = freshStats(0, 0)

  constructor(clock: ProviderClock, settings: () => ProviderSettings) {
    this.clock = clock
    this.settings = settings
  }

  /** Counts a request that arrives and gives it a slot, or says why not. */
  arrive(credential: string): Ticket {
    const account = this.account(credential)
    countOffered(this.stats)
    countOffered(account)
    const refusal = this.refusalFor(credential, account)
    if (refusal === null) {
      countSlot(this.stats)
      countSlot(account)
    }
    return { account, refusal, holdsSlot: refusal === null }
  }

  /** Takes the tokens of a request whose body was read. */
  takeTokens(ticket: Ticket, tokens: number): Refusal | null {
    const { tpm } = this.settings()
    return tpm === null ? null : this.take(ticket.account.tokenGauge, "tokens", tpm, tokens)
  }

  /** Ends a request; its slot, if it holds one, is free at once. */
  leave(ticket: Ticket): void {
    this.stats.offered -= 1
    ticket.account.offered -= 1
    if (!ticket.holdsSlot) return
    this.stats.inFlight -= 1
    ticket.account.inFlight -= 1
    ticket.holdsSlot = false
  }

  /** What the provider tells of this credential's limits. Units: resets in wall time. */
  report(account: Account): RateReport {
    const { rpm, tpm } = this.settings()
    if (rpm === null && tpm === null) return nominalReport
    return {
      requests: rpm === null ? nominal : this.level(account.requestGauge, rpm),
      tokens: tpm === null ? nominalTokens : this.level(account.tokenGauge, tpm),
    }
  }

  /** Sets counts to 0 and peaks to what is present; what runs goes on counting. */
  reset(): void {
    this.stats = freshStats(this.stats.inFlight, this.stats.offered)
    for (const [credential, account] of this.accounts) {
      if (account.offered === 0 && account.requestGauge.used === 0 && account.tokenGauge.used === 0)
        this.accounts.delete(credential)
      account.peak = account.inFlight
      account.peakOffered = account.offered
      account.requests = 0
    }
  }

  account(credential: string): Account {
    let account = this.accounts.get(credential)
    if (account === undefined) {
      const gauge = () => ({ used: 0, atMs: this.clock.nowMs() })
      account = {
        inFlight: 0,
        peak: 0,
        offered: 0,
        peakOffered: 0,
        requests: 0,
        requestGauge: gauge(),
        tokenGauge: gauge(),
      }
      this.accounts.set(credential, account)
    }
    return account
  }

  private refusalFor(credential: string, account: Account): Refusal | null {
    const { concurrencyLimit, rpm, credentials } = this.settings()
    if (credentials !== null && !credentials.includes(credential))
      return this.reject({ reason: "credential" })
    if (concurrencyLimit !== null && account.inFlight >= concurrencyLimit) {
      return this.reject({ reason: "concurrency", limit: concurrencyLimit })
    }
    return rpm === null ? null : this.take(account.requestGauge, "requests", rpm, 1)
  }

  private reject(refusal: Refusal & { reason: keyof MeterStats["rejected"] }): Refusal {
    this.stats.rejected[refusal.reason] += 1
    return refusal
  }

  private take(
    gauge: RateGauge,
    reason: "requests" | "tokens",
    perMinute: number,
    amount: number,
  ): Refusal | null {
    const rule = this.rule(perMinute)
    advanceGauge(gauge, rule, this.clock.nowMs())
    const used = Math.ceil(gauge.used)
    if (takeFromGauge(gauge, rule, amount)) return null
    return this.reject({
      reason,
      limit: perMinute,
      used,
      requested: amount,
      retryMs: this.clock.wallMs(waitForGauge(gauge, rule, amount)),
    })
  }

  private level(gauge: RateGauge, perMinute: number): RateLevel {
    const rule = this.rule(perMinute)
    advanceGauge(gauge, rule, this.clock.nowMs())
    const level = readGauge(gauge, rule)
    return { ...level, resetMs: this.clock.wallMs(level.resetMs) }
  }

  private rule(perMinute: number): RateRule {
    return { perMinute, window: this.settings().rateWindow }
  }
}

function countOffered(counts: CredentialStats): void {
  counts.requests += 1
  counts.offered += 1
  if (counts.offered > counts.peakOffered) counts.peakOffered = counts.offered
}

function countSlot(counts: CredentialStats): void {
  counts.inFlight += 1
  if (counts.inFlight > counts.peak) counts.peak = counts.inFlight
}

function freshStats(inFlight: number, offered: number): MeterStats {
  const rejected = { concurrency: 0, requests: 0, tokens: 0, credential: 0 }
  return {
    inFlight,
    peak: inFlight,
    offered,
    peakOffered: offered,
    requests: 0,
    completed: 0,
    aborted: 0,
    broken: 0,
    rejected,
  }
}
