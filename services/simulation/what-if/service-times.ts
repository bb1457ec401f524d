import { tokensOf } from "@sluice/events/field.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import type { Work } from "../demand.ts"
import type { RecordedAttempt, RecordedRequest } from "./recorded-attempt.ts"

/** From so many observations on, the times of a channel are drawn from its own. */
const enough = 20

interface Observed {
  readonly channel: string
  readonly work: Work
}

/**
 * How long requests take: as long as was observed, else as another of the model, and of the channel where enough were observed there.
 *
 * What is drawn for a request depends on the seed, the request and the channel alone, so that two configurations draw alike.
 * Source: R4.
 */
export class ServiceTimes {
  readonly #seed: number
  readonly #ofRequest = new Map<string, Observed>()
  readonly #ofModel = new Map<string, Array<Work>>()
  readonly #ofChannel = new Map<string, Array<Work>>()
  readonly #all: Array<Work> = []

  constructor(attempts: ReadonlyArray<RecordedAttempt>, seed: number) {
    this.#seed = seed
    for (const attempt of attempts) {
      if (!isWhole(attempt)) continue
      const { request, channel, model } = attempt
      const work = workOf(attempt)
      this.#ofRequest.set(request, { channel, work })
      put(this.#ofModel, model, work)
      put(this.#ofChannel, `${channel} ${model}`, work)
      this.#all.push(work)
    }
  }

  /** How many were observed. */
  get observed(): number {
    return this.#all.length
  }

  /** Gives what a request costs on a channel, or on any. */
  workOf({ request, model }: Pick<RecordedRequest, "request" | "model">, channel?: string): Work {
    const own = this.#ofRequest.get(request)
    if (own !== undefined && (channel === undefined || own.channel === channel)) return own.work
    const there = this.#ofChannel.get(`${channel} ${model}`) ?? []
    if (there.length >= enough) return this.#draw(there, `${request} ${channel}`)
    return own?.work ?? this.#draw(this.#ofModel.get(model) ?? this.#all, request)
  }

  #draw(works: ReadonlyArray<Work>, stream: string): Work {
    const drawn = works[Math.floor(seededRandom(this.#seed, `service ${stream}`)() * works.length)]
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

const put = (lists: Map<string, Array<Work>>, key: string, work: Work): void => {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [work])
  else list.push(work)
}
