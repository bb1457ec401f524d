import { channelOf, contextOf, type Group } from "@sluice/actors/group/group.ts"
import type { Check, Moment } from "./invariant.ts"

interface OfLease {
  readonly actor: string
  readonly lease: string
}

/**
 * Each lease is granted once, on a channel and on an account in one commit, and released or expired exactly once on both.
 *
 * Source: A1, A9.
 */
export const checkLeases = (): Check => {
  const ended = new Recent()
  /** The leases that a commit gave or took only one slot of so far. */
  const halves = new Set<string>()

  const turn = (lease: string): undefined => {
    if (!halves.delete(lease)) halves.add(lease)
  }
  const begin = ({ actor, lease }: OfLease, { group }: Moment): string | undefined => {
    if (ended.has(lease)) return `${lease} is granted again after its end`
    if (isHeld(group, { actor, lease })) return `${lease} is granted twice on ${actor}`
    return turn(lease)
  }
  const end = ({ actor, lease }: OfLease, { group }: Moment): string | undefined => {
    if (!isHeld(group, { actor, lease }))
      return `${lease} ends ${ended.has(lease) ? "again " : ""}on ${actor}, which does not hold it`
    // The account's end stands behind the channel's.
    if (actor.startsWith("account/")) ended.add(lease)
    return turn(lease)
  }
  return {
    name: "leases",
    looks: {
      "channel.acquired": begin,
      "account.acquired": begin,
      "channel.released": end,
      "account.released": end,
      "channel.expired": end,
      "account.expired": end,
    },
    rested: () => {
      const [lease] = halves
      halves.clear()
      return lease === undefined ? undefined : `${lease} begins or ends on its channel or its account alone`
    },
  }
}

const isHeld = (group: Group | undefined, { actor, lease }: OfLease): boolean => {
  if (group === undefined) return false
  if (actor.startsWith("channel/")) return channelOf(group).leases.get(lease) !== undefined
  const account = group.accounts.get(actor)
  return account !== undefined && contextOf(account).leases.get(lease) !== undefined
}

/** So many ended leases are remembered, twice over: one that is granted again is noticed long after its request. */
const remembered = 200_000

/** The ids that were added last, without an end of memory. */
class Recent {
  #newer = new Set<string>()
  #older = new Set<string>()

  has(id: string): boolean {
    return this.#newer.has(id) || this.#older.has(id)
  }

  add(id: string): void {
    this.#newer.add(id)
    if (this.#newer.size < remembered) return
    this.#older = this.#newer
    this.#newer = new Set()
  }
}
