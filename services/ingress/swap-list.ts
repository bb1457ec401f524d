/** What knows its place in a list. */
export interface InSwapList {
  place: number
}

/**
 * A list without an order, whose things come and go, each in one list at a time.
 *
 * An array in which the last takes the place of one that leaves. A `Set` would do the same at five times the work for the garbage collector: it rebuilds its table again and
 * again, and each table that was left behind in the old generation keeps the things of its time, with all that they hold, until the next full collection.
 */
export class SwapList<T extends InSwapList> implements Iterable<T> {
  readonly #things: T[] = []

  get size(): number {
    return this.#things.length
  }

  add(thing: T): void {
    thing.place = this.#things.length
    this.#things.push(thing)
  }

  /** Takes out a thing that is in it. */
  remove(thing: InSwapList): void {
    const last = this.#things.pop()
    if (last === undefined || last === thing) return
    this.#things[thing.place] = last
    last.place = thing.place
  }

  /** Returns those that are there now; what happens to them meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<T> {
    return [...this.#things][Symbol.iterator]()
  }
}
