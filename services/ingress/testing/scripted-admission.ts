import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Candidate } from "@sluice/events/ingress.ts"
import type { Admission, Admittable, Admitted, AttemptEnd, Lease, Metered } from "../admission/lease.ts"
import { problem } from "../http/errors.ts"
import type { ErrorCase } from "../refusals/error-catalogue.ts"

type AdmitOptions = Parameters<Admission["admit"]>[1]
type Completion = Parameters<Admission["complete"]>[0]

/** One place where attempts can go. */
export interface ScriptedPlace {
  readonly channel: ChannelConfiguration
  readonly account: AccountConfiguration
  readonly credential: string
}

/** How a scripted admission behaves. */
export interface ScriptedAdmissionOptions {
  readonly places: ReadonlyArray<ScriptedPlace>
  /** How many leases there are at once, over all places. */
  readonly limit?: number
  readonly queueSize?: number
  readonly overlapped?: boolean
  readonly upstreamModel?: (model: string) => string
  /** When leases, usages and ends reach the log; at once where nothing is said. */
  readonly committed?: () => Promise<void>
  readonly metered?: () => Promise<void>
  readonly completed?: () => Promise<void>
}

/** A lease that was given back. */
export interface Released extends AttemptEnd {
  readonly lease: string
  readonly account: string
  readonly dispatched: boolean
}

interface Waiter {
  readonly request: Admittable
  readonly options: AdmitOptions
  readonly since: number
  readonly answer: (admitted: Admitted) => void
}

/** A small admission for tests: a fixed limit, a queue in order of arrival, accounts in order of the list, and a record of everything that was told to it. */
export class ScriptedAdmission implements Admission {
  readonly #options: ScriptedAdmissionOptions
  readonly #waiters: Array<Waiter> = []
  #granted = 0
  inFlight = 0
  peakInFlight = 0
  readonly asked: Array<{
    readonly request: Admittable
    readonly tried: ReadonlyArray<string>
    readonly hasAnswer: boolean
  }> = []
  readonly metered: Array<Metered & { readonly lease: string }> = []
  readonly released: Array<Released> = []
  readonly completed: Array<Completion> = []

  constructor(options: ScriptedAdmissionOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiters.length
  }

  admit(request: Admittable, options: AdmitOptions): Promise<Admitted> | Admitted {
    this.asked.push({ request, tried: [...options.tried], hasAnswer: options.hasAnswer })
    const place = this.#placeFor(options)
    if (place === undefined) return refused("no_candidate", triedOnes(options))
    if (this.inFlight < (this.#options.limit ?? Number.POSITIVE_INFINITY))
      return this.#grant(request, options, place, 0)
    if (options.hasAnswer) return refused("channel_queue_full", [])
    if (this.#waiters.length >= (this.#options.queueSize ?? 100)) return refused("channel_queue_full", [])
    return this.#wait(request, options)
  }

  #wait(request: Admittable, options: AdmitOptions): Promise<Admitted> {
    const { promise, resolve } = Promise.withResolvers<Admitted>()
    const waiter: Waiter = { request, options, since: performance.now(), answer: resolve }
    this.#waiters.push(waiter)
    options.signal.addEventListener("abort", () => {
      const at = this.#waiters.indexOf(waiter)
      if (at === -1) return
      this.#waiters.splice(at, 1)
      resolve({ kind: "left", waitMs: Math.round(performance.now() - waiter.since) })
    })
    return promise
  }

  #placeFor({ tried }: AdmitOptions): ScriptedPlace | undefined {
    return this.#options.places.find(({ account }) => !tried.has(account.id))
  }

  #grant(request: Admittable, options: AdmitOptions, place: ScriptedPlace, waitMs: number): Admitted {
    const { overlapped = false, upstreamModel, committed, metered } = this.#options
    this.#granted += 1
    this.inFlight += 1
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight)
    const id = `lease-${this.#granted}`
    const lease: Lease = {
      lease: id,
      attempt: options.attempt,
      ...place,
      upstreamModel: upstreamModel?.(request.model) ?? request.model,
      overlapped,
      waitMs,
      committed: committed?.() ?? Promise.resolve(),
      accepted: () => undefined,
      meter: (usage) => {
        this.metered.push({ ...usage, lease: id })
        return metered?.() ?? Promise.resolve()
      },
      release: (end, dispatched) =>
        this.#release({ ...end, lease: id, account: place.account.id, dispatched }),
    }
    return { kind: "granted", lease, candidates: [] }
  }

  #release(end: Released): void {
    if (this.released.some(({ lease }) => lease === end.lease))
      throw new Error(`${end.lease} was released twice`)
    this.released.push(end)
    this.inFlight -= 1
    const next = this.#waiters.shift()
    const place = next === undefined ? undefined : this.#placeFor(next.options)
    if (next === undefined || place === undefined) return
    next.answer(this.#grant(next.request, next.options, place, Math.round(performance.now() - next.since)))
  }

  complete(request: Completion): Promise<void> {
    this.completed.push(structuredClone(request))
    return this.#options.completed?.() ?? Promise.resolve()
  }
}

const refused = (of: ErrorCase, candidates: ReadonlyArray<Candidate>): Admitted => ({
  kind: "refused",
  refusal: { ...problem(of, `scripted: ${of}`), candidates },
})

const triedOnes = ({ tried }: AdmitOptions): ReadonlyArray<Candidate> =>
  [...tried].map((account) => ({ channel: "scripted", account, reason: "tried" }))
