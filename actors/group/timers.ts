import FlatQueue from "flatqueue"

/** Knows which of many is due first; a change costs O(log n). */
export class Timers<T> {
  #queue = new FlatQueue<T>()
  #due = new Map<T, number>()

  /** Says when one is due; `null` for never. */
  set(one: T, at: number | null): void {
    if (at === null) return void this.#due.delete(one)
    if (this.#due.get(one) === at) return
    this.#due.set(one, at)
    this.#queue.push(one, at)
    if (this.#queue.length > 2 * this.#due.size + 1_000) this.#forgetChanged()
  }

  /** Returns the one that is due first, and when. */
  get first(): { readonly one: T; readonly at: number } | undefined {
    for (let one = this.#queue.peek(); one !== undefined; one = this.#queue.peek()) {
      const at = this.#queue.peekValue()
      if (at !== undefined && this.#due.get(one) === at) return { one, at }
      this.#queue.pop()
    }
    return undefined
  }

  #forgetChanged(): void {
    this.#queue.clear()
    for (const [one, at] of this.#due) this.#queue.push(one, at)
  }
}
