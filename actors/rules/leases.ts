/**
 * The leases of one actor that are in flight, in the order in which they were granted.
 *
 * They are the properties of an object, because a `Map` keeps what it has lost: V8 gives one that always gains and loses a new table every so many times, and each old table
 * holds the next. Once one of them is in the old generation, every table after it survives with all that was in it; an ingress under load then had three times as
 * much to collect there.
 */
export class Leases<L extends { readonly lease: string }> implements Iterable<L> {
  readonly #byId: Record<string, L> = Object.create(null) as Record<string, L>
  #size = 0

  constructor(leases: Iterable<L> = []) {
    for (const lease of leases) this.put(lease)
  }

  /** How many there are. */
  get size(): number {
    return this.#size
  }

  /** Returns a lease by its id. */
  get(id: string): L | undefined {
    return this.#byId[id]
  }

  /** Takes in a lease that was granted, or puts what is known of one now in its place. */
  put(lease: L): void {
    if (this.#byId[lease.lease] === undefined) this.#size += 1
    this.#byId[lease.lease] = lease
  }

  /** Takes out a lease that has ended. */
  end(id: string): void {
    if (this.#byId[id] === undefined) return
    delete this.#byId[id]
    this.#size -= 1
  }

  /** Returns them by their ids. */
  toJSON(): Readonly<Record<string, L>> {
    return { ...this.#byId }
  }

  /** Returns those that there are now; what happens to them meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<L> {
    return Object.values(this.#byId)[Symbol.iterator]()
  }
}
