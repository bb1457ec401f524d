import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import type { RefusalReason } from "@sluice/simulator/refusal.ts"
import { changesOf, type Level } from "../scenario/level.ts"
import type { ProviderBehaviour } from "../scenario/scenario.ts"
import { ExternalTraffic } from "./external-traffic.ts"
import { RateAllowance } from "./rate-allowance.ts"
import { rejection } from "./rejections.ts"
import type { Call, Rejected, Upstream } from "./upstream.ts"

/** Who watches a provider from its own side. */
export interface ProviderObserver {
  /** How many of the proxy's requests it counts. */
  onInFlight(inFlight: number): void
  /** How many of the proxy's requests it could take at once, in all or of one model (`null` = any number). */
  onCapacity(capacity: number | null, model: string | null): void
  /** That an outage has begun, or has ended. */
  onOutage(isOut: boolean): void
  onAccepted(): void
}

/** How a provider is made. */
export interface ProviderOptions {
  readonly clock: Clock
  readonly behaviour: ProviderBehaviour
  /** Draws in 0…1. */
  readonly random: () => number
  readonly endMs: number
  readonly observer: ProviderObserver
}

interface Slots {
  limit: number
  inFlight: number
}

/**
 * A provider in virtual time behind one credential: a hidden number of slots that changes, limits per minute, noise, strangers, outages.
 *
 * A slot counts from the arrival of a request until its last byte is sent, or longer where the behaviour says so.
 * Source: F8.
 */
export class VirtualProvider implements Upstream {
  readonly #options: ProviderOptions
  readonly #startMs: number
  readonly #rates: RateAllowance
  readonly #all: Slots = { limit: Infinity, inFlight: 0 }
  readonly #ofModel = new Map<string, Slots>()
  readonly #waiting: Array<Call> = []
  readonly #served = new Map<Call, ReadonlyArray<Cancel>>()
  readonly #strangers: ExternalTraffic | undefined
  #own = 0

  constructor(options: ProviderOptions) {
    const { clock, behaviour, random } = options
    this.#options = options
    this.#startMs = clock.now()
    this.#rates = new RateAllowance(clock, behaviour)
    this.#follow(behaviour.concurrency, null)
    for (const [model, level] of Object.entries(behaviour.perModel)) this.#follow(level, model)
    for (const { fromS, forS } of behaviour.outages) {
      clock.at(this.#startMs + fromS * 1000, () => options.observer.onOutage(true))
      clock.at(this.#startMs + (fromS + forS) * 1000, () => options.observer.onOutage(false))
    }
    if (behaviour.strangers === null) return
    this.#strangers = new ExternalTraffic({
      clock,
      random,
      ...behaviour.strangers,
      isFull: () => this.#all.inFlight >= this.#all.limit,
      onChange: (change) => this.#onStrangers(change),
    })
    this.#strangers.start()
  }

  /** How many of the proxy's requests it could take at once. */
  get capacity(): number {
    return Math.max(0, this.#all.limit - (this.#strangers?.inFlight ?? 0))
  }

  arrive(call: Call): void {
    const { behaviour, random, clock } = this.#options
    const outage = this.#outageAt(clock.now())
    if (outage === "connection") return call.onBroken()
    if (outage !== undefined)
      return call.onRejected(rejection({ reason: outage === 503 ? "unavailable" : "overloaded" }))
    const isNoise = behaviour.noise > 0 && random() < behaviour.noise
    if (isNoise) return this.#reject(call, this.#rejectedForConcurrency())
    const isCrowded = this.#slotsOf(call.model).some(({ limit, inFlight }) => inFlight >= limit)
    if (isCrowded && behaviour.aboveLimit === "reject")
      return this.#reject(call, this.#rejectedForConcurrency())
    const overRate = this.#rates.take(call)
    if (overRate !== undefined) return this.#reject(call, overRate)
    if (isCrowded) this.#waiting.push(call)
    else this.#serve(call)
  }

  #serve(call: Call): void {
    const { clock, behaviour, observer } = this.#options
    const { serviceMs, firstByteMs } = call.work
    const now = clock.now()
    this.#count(call.model, 1)
    observer.onAccepted()
    const { headers } = this.#rates
    this.#served.set(call, [
      clock.at(now + firstByteMs, () => call.onHeaders(headers)),
      clock.at(now + serviceMs, () => {
        this.#served.delete(call)
        call.onEnd()
        if (behaviour.countsLongerMs === 0) this.#free(call.model)
        else clock.at(now + serviceMs + behaviour.countsLongerMs, () => this.#free(call.model))
      }),
    ])
  }

  leave(call: Call): void {
    const at = this.#waiting.indexOf(call)
    if (at >= 0) this.#waiting.splice(at, 1)
    const timers = this.#served.get(call)
    if (timers === undefined) return
    this.#served.delete(call)
    for (const cancel of timers) cancel()
    this.#free(call.model)
  }

  #free(model: string): void {
    this.#count(model, -1)
    this.#serveWaiting()
  }

  #serveWaiting(): void {
    for (let at = 0; at < this.#waiting.length;) {
      const call = this.#waiting[at]
      if (call === undefined) return
      if (this.#slotsOf(call.model).some(({ limit, inFlight }) => inFlight >= limit)) at += 1
      else {
        this.#waiting.splice(at, 1)
        this.#serve(call)
      }
    }
  }

  #reject(call: Call, answer: Rejected): void {
    const { clock, behaviour } = this.#options
    clock.at(clock.now() + behaviour.rejectsAfterMs, () => call.onRejected(answer))
  }

  #rejectedForConcurrency(): Rejected {
    const reason: RefusalReason = this.#options.behaviour.concurrencyTold ? "concurrency" : "rate"
    return rejection({ reason })
  }

  #count(model: string, change: number): void {
    for (const slots of this.#slotsOf(model)) slots.inFlight += change
    this.#own += change
    this.#options.observer.onInFlight(this.#own)
  }

  #slotsOf(model: string): ReadonlyArray<Slots> {
    const ofModel = this.#ofModel.get(model)
    return ofModel === undefined ? [this.#all] : [this.#all, ofModel]
  }

  #follow(level: Level | null, model: string | null): void {
    const { clock, endMs } = this.#options
    const slots = model === null ? this.#all : { limit: Infinity, inFlight: 0 }
    if (model !== null) this.#ofModel.set(model, slots)
    if (level === null) return this.#tellCapacity(model)
    for (const change of changesOf(level, endMs - this.#startMs)) {
      const apply = (): void => {
        slots.limit = change.level
        this.#tellCapacity(model)
        this.#serveWaiting()
      }
      if (change.atMs === 0) apply()
      else clock.at(this.#startMs + change.atMs, apply)
    }
  }

  #tellCapacity(model: string | null): void {
    const capacity = model === null ? this.capacity : (this.#ofModel.get(model)?.limit ?? 0)
    this.#options.observer.onCapacity(capacity === Infinity ? null : capacity, model)
  }

  #onStrangers(change: number): void {
    this.#all.inFlight += change
    this.#tellCapacity(null)
    if (change < 0) this.#serveWaiting()
  }

  #outageAt(now: number): 503 | 529 | "connection" | undefined {
    const { outages } = this.#options.behaviour
    if (outages.length === 0) return undefined
    const sinceS = (now - this.#startMs) / 1000
    return outages.find(({ fromS, forS }) => sinceS >= fromS && sinceS < fromS + forS)?.answers
  }
}
