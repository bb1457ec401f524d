/**
 * How much of a limit per minute one credential has used; the limit itself is given with each question, so
 * that it can change.
 */
export interface RateGauge {
  used: number
  atMs: number
}

/**
 * What a provider tells of one limit. Units: `resetMs` is the provider's time until the limit is whole again.
 */
export interface RateLevel {
  readonly limit: number
  readonly remaining: number
  readonly resetMs: number
}

/** The limit that a gauge is read against. */
export interface RateRule {
  readonly perMinute: number
  readonly window: "bucket" | "minute"
}

const minuteMs = 60_000

/** Lets the time until `nowMs` pass: a bucket drains evenly, a minute that has begun empties the gauge. */
export function advanceGauge(gauge: RateGauge, rule: RateRule, nowMs: number): void {
  if (rule.window === "minute") {
    if (Math.floor(nowMs / minuteMs) !== Math.floor(gauge.atMs / minuteMs)) gauge.used = 0
  } else {
    gauge.used = Math.max(0, gauge.used - ((nowMs - gauge.atMs) * rule.perMinute) / minuteMs)
  }
  gauge.atMs = nowMs
}

/**
 * Takes `amount` from an advanced gauge if that much is left; an amount above the whole limit is taken when
 * the gauge is empty.
 */
export function takeFromGauge(gauge: RateGauge, rule: RateRule, amount: number): boolean {
  const fits = gauge.used + amount <= rule.perMinute || gauge.used === 0
  if (fits) gauge.used += amount
  return fits
}

/** Time until an advanced gauge would let `amount` through. Units: milliseconds of the provider's time. */
export function waitForGauge(gauge: RateGauge, rule: RateRule, amount: number): number {
  if (rule.window === "minute") return minuteMs - (gauge.atMs % minuteMs)
  const excess = Math.min(gauge.used, gauge.used + amount - rule.perMinute)
  return Math.max(0, (excess * minuteMs) / rule.perMinute)
}

/** Reads an advanced gauge as a provider's headers tell it. */
export function readGauge(gauge: RateGauge, rule: RateRule): RateLevel {
  return {
    limit: rule.perMinute,
    remaining: Math.max(0, Math.floor(rule.perMinute - gauge.used)),
    resetMs:
      rule.window === "minute"
        ? minuteMs - (gauge.atMs % minuteMs)
        : (gauge.used * minuteMs) / rule.perMinute,
  }
}
