import type { Fact } from "@sluice/events/commit.ts"
import type { WaitEnd } from "../refusals/refusals.ts"
import { type Granted } from "./granted-lease.ts"
import type { HostedChannel } from "./hosted-channel.ts"

/** How a wait ended: with a slot, without one, given up by the client, or with the need to be routed again. */
export type WaitResult =
  | {
      readonly kind: "granted"
      readonly channel: HostedChannel
      readonly granted: Granted
      readonly committed: Promise<void>
    }
  | { readonly kind: "ended"; readonly code: WaitEnd }
  | { readonly kind: "left" }
  | { readonly kind: "rerouted" }

/** One request's wait, with a place at every channel that could serve it. Source: B2. */
export class Waiting {
  readonly request: string
  readonly result: Promise<WaitResult>
  #places = new Set<HostedChannel>()
  #resolve: (result: WaitResult) => void
  #isOver = false

  constructor(request: string) {
    this.request = request
    const { promise, resolve } = Promise.withResolvers<WaitResult>()
    this.result = promise
    this.#resolve = resolve
  }

  /** True if the wait has ended. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** How many places it has. */
  get places(): number {
    return this.#places.size
  }

  /** Notes a place in a channel's queue. */
  add(channel: HostedChannel): void {
    if (!this.#isOver) this.#places.add(channel)
  }

  /** Notes that a channel had no place after all. */
  forget(channel: HostedChannel): void {
    this.#places.delete(channel)
  }

  /** True if it has a place at a channel. */
  isAt(channel: HostedChannel): boolean {
    return this.#places.has(channel)
  }

  /** Takes a slot and, in the same turn, gives up the other places. Source: B2. */
  grant(channel: HostedChannel, granted: Granted, committed: Promise<void>): void {
    this.#places.delete(channel)
    this.#end({ kind: "granted", channel, granted, committed }, "served_elsewhere")
  }

  /** Gives up every queue position. */
  leave(reason: "client_left" | "shutting_down"): void {
    this.#end(reason === "client_left" ? { kind: "left" } : { kind: "ended", code: reason }, reason)
  }

  /** Notes that a place was lost; the wait ends with the last of them. */
  lose(channel: HostedChannel, end: WaitEnd | "rerouted"): void {
    if (!this.#places.delete(channel) || this.#places.size > 0) return
    this.#end(end === "rerouted" ? { kind: "rerouted" } : { kind: "ended", code: end }, "served_elsewhere")
  }

  #end(result: WaitResult, reason: "served_elsewhere" | "client_left" | "shutting_down"): void {
    if (this.#isOver) return
    this.#isOver = true
    const places = [...this.#places]
    this.#places.clear()
    this.#resolve(result)
    for (const { subject } of places)
      if (subject.isLive) subject.execute({ type: "leave", request: this.request, reason })
  }
}

/** Tells how a fact ends a waiter's place at its channel, if it does. Source: A6, A8, A10. */
export const placeLost = (fact: Fact): WaitEnd | "rerouted" | undefined => {
  if (fact.type === "channel.timed_out") return "channel_queue_timeout"
  if (fact.type !== "channel.abandoned") return undefined
  switch (fact.reason) {
    case "deadline":
      return "deadline_exceeded"
    case "displaced":
      return "channel_queue_full"
    case "rerouted":
      return "rerouted"
    default:
      return undefined
  }
}
