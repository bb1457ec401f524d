import { OrderedMap } from "@js-sdsl/ordered-map"
import { hasRoom, load } from "../limit/limit.ts"
import type { AccountContext } from "./context.ts"
import { slotsForNew, slotsOf } from "./limit.ts"

/** Where an account stands among those that could take a request. */
interface Rank {
  readonly isFull: boolean
  readonly priority: number
  readonly load: number
  readonly lastUsedAt: number
  /** The order in which they came decides between equals. */
  readonly index: number
}

/**
 * Compares accounts: a free slot before a learned limit that would have to be tested, then the lowest priority, the lowest load, the least recently used.
 *
 * Source: B4, F5.
 */
const compare = (one: Rank, other: Rank): number =>
  Number(one.isFull) - Number(other.isFull) ||
  one.priority - other.priority ||
  one.load - other.load ||
  one.lastUsedAt - other.lastUsedAt ||
  one.index - other.index

const isSame = (one: Rank, other: Rank): boolean => compare(one, other) === 0

const rankOf = (account: AccountContext, index: number): Rank => {
  const { leases, config, lastUsedAt } = account
  const slots = slotsForNew(account)
  return {
    isFull: !hasRoom(slotsOf(account), leases.size),
    priority: config?.priority ?? 0,
    // Without a limit there is no load to compare; the number in flight keeps unlimited accounts even among themselves.
    load: slots === null ? 1 - 1 / (1 + leases.size) : load(Math.max(1, slots), leases.size),
    lastUsedAt,
    index,
  }
}

/**
 * The accounts of a channel in the order in which they are tried. A fact moves one of them, at O(log n).
 *
 * The order is that for new requests: one that is bound asks for its account alone.
 * Source: A12, B4.
 */
export class AccountOrder<Actor> implements Iterable<Actor> {
  readonly #ordered = new OrderedMap<Rank, Actor>([], compare)
  readonly #ranks = new Map<Actor, Rank>()

  /** Puts an account where it stands now, if it is to be tried at all. */
  rank(actor: Actor, account: AccountContext): void {
    const before = this.#ranks.get(actor)
    const now = rankOf(account, before?.index ?? this.#ranks.size)
    if (before !== undefined && isSame(before, now)) return
    if (before !== undefined) this.#ordered.eraseElementByKey(before)
    this.#ranks.set(actor, now)
    this.#ordered.setElement(now, actor)
  }

  /** True if an account is one of those that are tried. */
  has(actor: Actor): boolean {
    return this.#ranks.has(actor)
  }

  *[Symbol.iterator](): Iterator<Actor> {
    for (const [, actor] of this.#ordered) yield actor
  }
}
