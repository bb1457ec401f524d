import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import type { Meaning } from "@sluice/ingress/providers/classification/classification.ts"
import { advanceGauge, type RateGauge, takeFromGauge, waitForGauge } from "@sluice/simulator/rate-gauge.ts"
import type { Call, Rejected, Upstream } from "../../provider/upstream.ts"
import { heardAt, type RecordedAttempt } from "../recording/recorded-attempt.ts"
import type { LimitStep } from "./hidden-concurrency.ts"
import type { ProviderModel } from "./provider-model.ts"
import { amountOf } from "./rate-rule.ts"

/** Shares that make up a whole one may fall short of it by what is lost in rounding. */
const whole = 1 - 1e-6

const noBody = Buffer.alloc(0)

/** A provider in virtual time that answers as its model says, in the words that were recorded. Source: R4. */
export class ModelledProvider implements Upstream {
  readonly #model: ProviderModel
  readonly #clock: Clock
  readonly #served = new Map<Call, ReadonlyArray<Cancel>>()
  readonly #gauges: ReadonlyArray<RateGauge>
  readonly #turnedDown = new Map<number, number>()
  /** The steps, episodes and answers that time has passed by. */
  #step = 0
  #episode = 0
  #nextNoise = 0
  #owedNoise = 0

  constructor(model: ProviderModel, clock: Clock) {
    this.#model = model
    this.#clock = clock
    this.#gauges = model.rates.map(() => ({ used: 0, atMs: clock.now() }))
  }

  arrive(call: Call): void {
    const failed = this.#failure()
    if (failed !== undefined) return this.#answer(call, failed)
    const noise = this.#noise()
    if (noise !== undefined) return this.#answer(call, noise)
    const { concurrency, crowded } = this.#model
    const limit = this.#limitIn(concurrency)
    if (limit !== null && this.#served.size >= limit) return this.#answer(call, this.#nearest(crowded))
    if (!this.#takeRates(call)) return
    this.#serve(call)
  }

  leave(call: Call): void {
    for (const cancel of this.#served.get(call) ?? []) cancel()
    this.#served.delete(call)
  }

  #serve(call: Call): void {
    const { roundTripMs } = this.#model
    const { serviceMs, firstByteMs } = call.work
    const now = this.#clock.now()
    this.#served.set(call, [
      this.#clock.at(now + Math.max(0, firstByteMs - roundTripMs), () => call.onHeaders({})),
      this.#clock.at(now + Math.max(0, serviceMs - roundTripMs), () => {
        this.#served.delete(call)
        call.onEnd()
      }),
    ])
  }

  /** What is due of what happened in its time. */
  #failure(): RecordedAttempt | undefined {
    const { episodes } = this.#model
    const now = this.#clock.now()
    for (let at = this.#episode; at < episodes.length; at += 1) {
      const episode = episodes[at]
      if (episode === undefined || episode.fromMs > now) return undefined
      const turnedDown = this.#turnedDown.get(at) ?? 0
      if (now > episode.toMs || turnedDown >= episode.most) {
        if (at === this.#episode) this.#episode += 1
        continue
      }
      this.#turnedDown.set(at, turnedDown + 1)
      return this.#nearest(episode.answers)
    }
    return undefined
  }

  /** As large a share of what is sent as it was at that time: of the same attempts it meets the same. */
  #noise(): RecordedAttempt | undefined {
    const { noise } = this.#model
    const now = this.#clock.now()
    while (this.#nextNoise < noise.length && (noise[this.#nextNoise]?.rejection.startedAt ?? 0) < now)
      this.#nextNoise += 1
    const next = noise[this.#nextNoise]
    this.#owedNoise += next?.share ?? 0
    if (this.#owedNoise < whole) return undefined
    this.#owedNoise = Math.max(0, this.#owedNoise - 1)
    return next?.rejection
  }

  #limitIn(steps: ReadonlyArray<LimitStep>): number | null {
    while ((steps[this.#step + 1]?.fromMs ?? Infinity) <= this.#clock.now()) this.#step += 1
    return steps[this.#step]?.limit ?? null
  }

  #takeRates(call: Call): boolean {
    for (const [at, { kind, rule, rejections }] of this.#model.rates.entries()) {
      const gauge = this.#gauges[at]
      if (gauge === undefined) continue
      const amount = amountOf(kind, call.work.tokens)
      advanceGauge(gauge, rule, this.#clock.now())
      if (takeFromGauge(gauge, rule, amount)) continue
      this.#answer(call, this.#nearest(rejections), waitForGauge(gauge, rule, amount))
      return false
    }
    return true
  }

  #nearest(recorded: ReadonlyArray<RecordedAttempt>): RecordedAttempt {
    const nearest = nearestTo(recorded, this.#clock.now())
    if (nearest === undefined) throw new Error(`no rejection of ${this.#model.account} was recorded`)
    return nearest
  }

  /** Answers as a recorded attempt was answered; with a limit per minute, what it says of its end is as its gauge has it. */
  #answer(call: Call, recorded: RecordedAttempt, waitMs?: number): void {
    const { roundTripMs } = this.#model
    const heardMs = this.#clock.now() + Math.max(0, recorded.tookMs - roundTripMs)
    this.#clock.at(heardMs, () => {
      const { meaning, status, outcome } = recorded
      if (status < 300 || meaning === null)
        return call.onBroken(outcome === "timeout" ? "first_byte_timeout" : "connection")
      const shiftMs = this.#clock.now() - heardAt(recorded) + roundTripMs / 2
      call.onRejected(answerOf(status, shifted(meaning, { shiftMs, waitMs })))
    })
  }
}

const answerOf = (status: number, meaning: Meaning): Rejected => ({
  status,
  headers: {},
  body: noBody,
  meaning,
})

/** The ends that an answer tells are as far off as they were. */
const shifted = (
  meaning: Meaning,
  { shiftMs, waitMs }: { readonly shiftMs: number; readonly waitMs: number | undefined },
): Meaning => {
  const { rejection } = meaning
  if (rejection === undefined) return meaning
  const retryAfterMs =
    waitMs === undefined || rejection.retryAfterMs === null
      ? rejection.retryAfterMs
      : 1000 * Math.max(1, Math.ceil(waitMs / 1000))
  const resetAt = rejection.resetAt === null ? null : Math.round(rejection.resetAt + shiftMs)
  return { ...meaning, rejection: { ...rejection, retryAfterMs, resetAt } }
}

const nearestTo = (recorded: ReadonlyArray<RecordedAttempt>, now: number): RecordedAttempt | undefined => {
  let [from, to] = [0, recorded.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if ((recorded[middle]?.startedAt ?? Infinity) < now) from = middle + 1
    else to = middle
  }
  const [before, after] = [recorded[from - 1], recorded[from]]
  if (before === undefined || after === undefined) return before ?? after
  return now - before.startedAt <= after.startedAt - now ? before : after
}
