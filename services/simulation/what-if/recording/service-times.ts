import { tokensOf } from "@sluice/events/field.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import type { Work } from "../../demand.ts"
import type { RecordedAttempt } from "./recorded-attempt.ts"
import type { Recording } from "./recording.ts"

/** From so many observations on, the times of a channel are drawn from its own. */
const enough = 20

/** Steps of this share of a turn come near every place of it soon, and never twice to the same. Source: Weyl, Über die Gleichverteilung von Zahlen mod. Eins, 1916. */
const goldenShare = (Math.sqrt(5) - 1) / 2

interface Observed {
  readonly channel: string
  readonly work: Work
}

/**
 * How long requests take: as long as was observed, else as another of the model, and of the channel where enough were observed there.
 *
 * What is drawn for a request depends on the seed and on its place among those of its model, so that two configurations draw alike, and any row of draws has about the mean of what was observed.
 * Source: R4.
 */
export class ServiceTimes {
  readonly #ofRequest = new Map<string, Observed>()
  readonly #ofModel: ReadonlyMap<string, ReadonlyArray<Work>>
  readonly #ofChannel: ReadonlyMap<string, ReadonlyArray<Work>>
  readonly #all: ReadonlyArray<Work>
  readonly #share = new Map<string, number>()

  constructor({ requests, attempts }: Pick<Recording, "requests" | "attempts">, seed: number) {
    const whole = attempts.filter(isWhole).map((attempt) => ({ ...attempt, work: workOf(attempt) }))
    for (const { request, channel, work } of whole) this.#ofRequest.set(request, { channel, work })
    this.#ofModel = sortedBy(whole, ({ model }) => model)
    this.#ofChannel = sortedBy(whole, ({ channel, model }) => `${channel} ${model}`)
    this.#all = sortedBy(whole, () => "").get("") ?? []
    const placeOf = new Map<string, number>()
    for (const { request, model } of requests) {
      const place = placeOf.get(model) ?? seededRandom(seed, `service ${model}`)()
      this.#share.set(request, place)
      placeOf.set(model, (place + goldenShare) % 1)
    }
  }

  /** How many were observed. */
  get observed(): number {
    return this.#all.length
  }

  /** Returns what a request costs on a channel, or on any. */
  workOf({ request, model }: { readonly request: string; readonly model: string }, channel?: string): Work {
    const own = this.#ofRequest.get(request)
    if (own !== undefined && (channel === undefined || own.channel === channel)) return own.work
    const there = this.#ofChannel.get(`${channel} ${model}`) ?? []
    if (there.length >= enough) return this.#draw(there, request)
    return own?.work ?? this.#draw(this.#ofModel.get(model) ?? this.#all, request)
  }

  #draw(works: ReadonlyArray<Work>, request: string): Work {
    const drawn = works[Math.floor((this.#share.get(request) ?? 0) * works.length)]
    if (drawn === undefined) throw new Error("no service time was observed")
    return drawn
  }
}

/** An answer that came to its end, whether its client was still there or not. */
const isWhole = ({ outcome, usage }: RecordedAttempt): boolean =>
  outcome === "ok" || (outcome === "client_closed" && usage?.complete === true)

const workOf = ({ tookMs, ttftMs, usage, estimate }: RecordedAttempt): Work => ({
  serviceMs: tookMs,
  firstByteMs: Math.min(ttftMs ?? tookMs, tookMs),
  tokens: usage?.tokens ?? tokensOf(estimate),
})

/** Groups observations, each from the shortest to the longest. */
const sortedBy = <A extends { readonly work: Work }>(
  observed: ReadonlyArray<A>,
  key: (one: A) => string,
): ReadonlyMap<string, ReadonlyArray<Work>> =>
  new Map(
    [...Map.groupBy(observed, key)].map(([name, of]) => [
      name,
      of.map(({ work }) => work).toSorted((one, other) => one.serviceMs - other.serviceMs),
    ]),
  )
