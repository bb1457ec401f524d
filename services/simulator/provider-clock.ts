/**
 * The provider's own time, which passes `speed` times as fast as the wall's; every wait of a simulated
 * provider is one of its timers.
 * Units: milliseconds since the epoch and milliseconds, in the provider's time unless the name says `wall`.
 */
export interface ProviderClock {
  nowMs(): number
  /** Wall time that a duration of the provider takes. */
  wallMs(durationMs: number): number
  after(durationMs: number, run: () => void): NodeJS.Timeout
  setSpeed(speed: number): void
}

/**
 * Starts a clock at the wall's time; a change of speed keeps the time reached and leaves timers that already
 * run.
 */
export function startProviderClock(initialSpeed: number): ProviderClock {
  let speed = initialSpeed
  let originMs = Date.now()
  let wallOriginMs = performance.now()
  const nowMs = () => originMs + (performance.now() - wallOriginMs) * speed
  return {
    nowMs,
    wallMs: (durationMs) => durationMs / speed,
    // Rounded up, so that what was waited for is due when the timer fires and it is not armed a second time.
    after: (durationMs, run) => setTimeout(run, Math.ceil(durationMs / speed)),
    setSpeed(next) {
      originMs = nowMs()
      wallOriginMs = performance.now()
      speed = next
    },
  }
}
