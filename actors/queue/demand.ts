import type { Node, Yallist } from "yallist"
import { cameBefore, type Positioned, type Waiter } from "./waiter.ts"

/** A client's part of the service: how many more grants its turn holds, and how many turns it has had. Source: A7. */
export interface Share {
  readonly key: string
  readonly weight: number
  credit: number
  turn: number
  /** Its lanes, one a demand. */
  readonly lanes: Set<Lane>
}

/** The waiters of one client that ask for the same, first come first served. */
export interface Lane {
  readonly demand: Demand
  readonly share: Share
  readonly waiters: Yallist<Positioned>
  readonly turn: Node<Lane>
}

/**
 * What waiters ask of a channel's accounts: a slot for one model, on any account or on the one that they are bound to.
 *
 * What stands in the way of one of its lanes stands in the way of all, so what cannot be served is left out as a whole.
 * Source: A7, A12.
 */
export interface Demand {
  readonly key: string
  /** The account that its requests are bound to; `undefined` for any. */
  readonly account: string | undefined
  /** Its lanes, by turn. */
  readonly lanes: Yallist<Lane>
  size: number
}

/** Names what a waiter asks for. Requests of a session may meet a full session cap where others do not, and some may test an account that fails. */
export const demandKey = ({
  account,
  session,
  mayProbe,
  model,
}: Pick<Waiter, "account" | "session" | "mayProbe" | "model">) =>
  `${account ?? (session === undefined ? "" : "+")}${mayProbe === true ? "?" : ""} ${model}`

/** True if one lane is served before another: by the turns that their clients have had, none before the current one, then by who waits longest. Source: A7. */
export const precedes = (one: Lane, other: Lane, current: number): boolean => {
  const turn = Math.max(one.share.turn, current)
  const turnOfOther = Math.max(other.share.turn, current)
  if (turn !== turnOfOther) return turn < turnOfOther
  const first = one.waiters.head?.value
  const second = other.waiters.head?.value
  return first !== undefined && second !== undefined && cameBefore(first, second)
}
