import type { Clock } from "@sluice/infra/clock/clock.ts"
import {
  advanceGauge,
  type RateGauge,
  type RateLevel,
  readGauge,
  takeFromGauge,
  waitForGauge,
} from "@sluice/simulator/rate-gauge.ts"
import type { RefusalReason } from "@sluice/simulator/refusal.ts"
import type { ProviderBehaviour } from "../scenario/scenario.ts"
import { type Levels, levelHeaders, rejection } from "./rejections.ts"
import type { Call, Rejected } from "./upstream.ts"

type Rule = NonNullable<ProviderBehaviour["requests"]>

/** The limits per minute of one credential. */
export class RateAllowance {
  #clock: Clock
  #gauges: ReadonlyArray<{
    readonly kind: "requests" | "tokens"
    readonly told: boolean
    readonly rule: { readonly perMinute: number; readonly window: Rule["counts"] }
    readonly gauge: RateGauge
  }>

  constructor(clock: Clock, { requests, tokens }: Pick<ProviderBehaviour, "requests" | "tokens">) {
    this.#clock = clock
    this.#gauges = [
      { kind: "requests" as const, rule: requests },
      { kind: "tokens" as const, rule: tokens },
    ].flatMap(({ kind, rule }) =>
      rule === null
        ? []
        : [
            {
              kind,
              told: rule.told,
              rule: { perMinute: rule.perMinute, window: rule.counts },
              gauge: { used: 0, atMs: clock.now() },
            },
          ],
    )
  }

  /** Takes what a call needs, or says no. */
  take({ work, model }: Pick<Call, "work" | "model">): Rejected | undefined {
    for (const { kind, rule, gauge, told } of this.#gauges) {
      const amount = kind === "requests" ? 1 : work.tokens.input + work.tokens.output
      advanceGauge(gauge, rule, this.#clock.now())
      const used = Math.ceil(gauge.used)
      if (takeFromGauge(gauge, rule, amount)) continue
      if (!told) return rejection({ reason: "rate" })
      const reason: RefusalReason = kind
      const retryMs = waitForGauge(gauge, rule, amount)
      const refusal = { reason, model, limit: rule.perMinute, used, requested: amount, retryMs }
      return rejection(refusal, this.#levels)
    }
    return undefined
  }

  /** The headers of an answer, as far as the limits are told. */
  get headers() {
    return this.#gauges.some(({ told }) => told) ? levelHeaders(this.#levels) : {}
  }

  get #levels(): Levels {
    const levels: Partial<Record<"requests" | "tokens", RateLevel>> = {}
    for (const { kind, rule, gauge, told } of this.#gauges) {
      if (!told) continue
      advanceGauge(gauge, rule, this.#clock.now())
      levels[kind] = readGauge(gauge, rule)
    }
    return levels
  }
}
