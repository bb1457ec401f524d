import type { Exchange } from "./request.ts"

/**
 * The requests that are being served.
 *
 * An array in which the last takes the place of one that leaves. A `Set` would do the same at five times the work for the garbage collector: it rebuilds its table again and
 * again, and each table that was left behind in the old generation keeps the requests of its time, with all that they hold, until the next full collection.
 */
export class ActiveExchanges implements Iterable<Exchange> {
  readonly #exchanges: Exchange[] = []

  get size(): number {
    return this.#exchanges.length
  }

  add(exchange: Exchange): void {
    exchange.place = this.#exchanges.length
    this.#exchanges.push(exchange)
  }

  remove(exchange: Exchange): void {
    const last = this.#exchanges.pop()
    if (last === undefined || last === exchange) return
    this.#exchanges[exchange.place] = last
    last.place = exchange.place
  }

  /** Gives those that are there now; what happens to them meanwhile changes nothing. */
  [Symbol.iterator](): Iterator<Exchange> {
    return [...this.#exchanges][Symbol.iterator]()
  }
}
