/**
 * Shares connections among those who open them: one more of a caller is taken while the caller has fewer than are free, so that one alone gets half of all, and there is always room for another.
 *
 * Source: S9; A. Choudhury and E. Hahne, Dynamic Queue Length Thresholds for Shared-Memory Packet Switches, 1998.
 */
export class ConnectionShares {
  readonly #all: number
  readonly #held = new Map<string, number>()
  #taken = 0

  /** `all` is how many there may be. */
  constructor(all: number) {
    this.#all = all
  }

  /** Takes a connection of a caller, which has to be given back once, or returns false. One of nobody in particular is always taken. */
  take(caller: string | undefined): boolean {
    if (caller !== undefined) {
      const held = this.#held.get(caller) ?? 0
      if (held >= this.#all - this.#taken) return false
      this.#held.set(caller, held + 1)
    }
    this.#taken += 1
    return true
  }

  /** Gives a connection back. */
  giveBack(caller: string | undefined): void {
    this.#taken -= 1
    if (caller === undefined) return
    const held = (this.#held.get(caller) ?? 0) - 1
    if (held > 0) this.#held.set(caller, held)
    else this.#held.delete(caller)
  }
}
