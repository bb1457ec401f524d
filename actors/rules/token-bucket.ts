import type { Estimate, Tokens } from "@sluice/events/field.ts"

/** What is left in a bucket that fills by itself: `level` at `at`, milliseconds since the epoch. It may be below zero. */
export interface TokenBucket {
  readonly level: number
  readonly at: number
}

/** How fast a bucket fills and how much it holds. Units: per millisecond; pieces. */
export interface BucketSize {
  readonly perMs: number
  readonly burst: number
}

/** Less than so much of a piece is the rounding of sums: a bucket that got back all that it gave is full. */
const rounding = 1e-6

/** Returns the size of a bucket that lets so much through a minute: `burstSeconds` worth at once, one piece at least. Source: C1. */
export const sizeOf = (perMinute: number, burstSeconds: number): BucketSize => ({
  perMs: perMinute / 60_000,
  burst: Math.max(1, (perMinute / 60) * burstSeconds),
})

/** Returns what a bucket holds now; one that was never used is full, and one that was made smaller holds no more than fits. */
export const levelAt = (bucket: TokenBucket | null, size: BucketSize, now: number): number =>
  bucket === null
    ? size.burst
    : Math.min(size.burst, bucket.level + Math.max(0, now - bucket.at) * size.perMs)

/**
 * Returns when an amount can be taken: now, or in whole milliseconds since the epoch.
 *
 * An amount above the burst can be taken when the bucket is full, and takes it below zero.
 * Source: C1.
 */
export const availableAt = (
  bucket: TokenBucket | null,
  size: BucketSize,
  { amount, now }: { readonly amount: number; readonly now: number },
): number => {
  const missing = Math.min(amount, size.burst) - levelAt(bucket, size, now)
  return missing <= rounding ? now : now + Math.ceil(missing / size.perMs)
}

/** What one attempt is told to have used closes a bucket for no longer: so long any provider's word of its limits is believed. Source: C3. */
const longestDebtMs = 3_600_000

/** Takes an amount, or gives a negative one back, up to what the bucket holds, and down to what fills again in an hour. Source: C1. */
export const take = (
  bucket: TokenBucket | null,
  size: BucketSize,
  { amount, now }: { readonly amount: number; readonly now: number },
): TokenBucket => {
  const level = Math.min(size.burst, levelAt(bucket, size, now) - amount)
  return { level: Math.max(level, -longestDebtMs * size.perMs), at: now }
}

/**
 * Returns what an estimate takes from a bucket: two bursts at most, so that a full one goes one burst below zero.
 *
 * What a request asks for is its client's word alone, and most use a small part of it; what it has used is taken once that is known.
 * Source: C1.
 */
export const chargeable = (size: BucketSize, amount: number): number =>
  Math.min(amount, Math.floor(2 * size.burst))

/** Returns what an attempt is expected to take from a bucket of tokens. Source: C1. */
export const estimatedTokens = ({ inputTokens, outputTokens }: Estimate): number => inputTokens + outputTokens

/** Returns what an attempt took: providers do not count what is read from a cache. Source: C1. */
export const chargedTokens = ({ input, output, cacheWrite5m, cacheWrite1h }: Tokens): number =>
  input + output + cacheWrite5m + cacheWrite1h
