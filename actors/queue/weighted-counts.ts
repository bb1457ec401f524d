interface Class<T> {
  /** The members with a given count, by count. */
  readonly byCount: Array<Set<T>>
  largest: number
}

/**
 * Knows which member has the highest count per weight while counts go up and down.
 *
 * A change costs O(1) amortised, the question O(number of distinct weights).
 * Source: A6.
 */
export class WeightedCounts<T> {
  #classes = new Map<number, Class<T>>()
  #counts = new Map<T, number>()

  /** Says how many a member has now; 0 forgets it. */
  set(member: T, weight: number, count: number): void {
    const inClass = this.#classes.get(weight) ?? this.#found(weight)
    const before = this.#counts.get(member) ?? 0
    if (before > 0) inClass.byCount[before]?.delete(member)
    if (count > 0) {
      this.#counts.set(member, count)
      const peers = (inClass.byCount[count] ??= new Set())
      peers.add(member)
      inClass.largest = Math.max(inClass.largest, count)
    } else this.#counts.delete(member)
    while (inClass.largest > 0 && !inClass.byCount[inClass.largest]?.size) inClass.largest -= 1
  }

  /** Returns the member with the most per weight. */
  largest(): T | undefined {
    let best: Set<T> | undefined
    let bestPerWeight = 0
    for (const [weight, { byCount, largest }] of this.#classes) {
      if (largest / weight <= bestPerWeight) continue
      bestPerWeight = largest / weight
      best = byCount[largest]
    }
    return best?.values().next().value
  }

  #found(weight: number): Class<T> {
    const made: Class<T> = { byCount: [], largest: 0 }
    this.#classes.set(weight, made)
    return made
  }
}
