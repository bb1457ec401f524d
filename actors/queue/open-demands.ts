import { Yallist } from "yallist"
import type { Demand } from "./demand.ts"

/**
 * Knows which demands the free capacity may serve, and when those may be asked again that it cannot.
 *
 * It only remembers what was found out: forgetting all of it costs time and changes no decision.
 * Source: A7, A12.
 */
export class OpenDemands {
  #demands = new Map<string, Demand>()
  #byAccount = new Map<string, Set<Demand>>()
  #ofAny = new Set<Demand>()
  #open = new Set<Demand>()
  /** Those that cannot be served, with the time at which that may change by itself. */
  #shut = new Map<Demand, number | null>()

  /** Returns the demand of a key, if anyone asks for it. */
  get(key: string): Demand | undefined {
    return this.#demands.get(key)
  }

  /** Those that may be served. */
  get open(): ReadonlySet<Demand> {
    return this.#open
  }

  /** All of them, in the order in which they came. */
  get all(): ReadonlyArray<Demand> {
    return [...this.#demands.values()]
  }

  /** Returns the demand of a key, made if it is new. */
  of(key: string, account: string | undefined): Demand {
    const known = this.#demands.get(key)
    if (known !== undefined) return known
    const demand: Demand = { key, account, lanes: new Yallist(), size: 0 }
    this.#demands.set(key, demand)
    this.#open.add(demand)
    if (account === undefined) this.#ofAny.add(demand)
    else {
      const bound = this.#byAccount.get(account) ?? new Set()
      this.#byAccount.set(account, bound.add(demand))
    }
    return demand
  }

  /** Leaves a demand out until something changes, or until a time. */
  shut(demand: Demand, until: number | null): void {
    this.#open.delete(demand)
    this.#shut.set(demand, until)
  }

  /** True if it is left out. */
  isShut(demand: Demand): boolean {
    return this.#shut.has(demand)
  }

  /** When one that is left out may be served again, as far as that is known. */
  reopensAtOf(demand: Demand): number | null {
    return this.#shut.get(demand) ?? null
  }

  /** Another waiter may be the next of this demand. */
  reconsider(demand: Demand): void {
    if (this.#shut.delete(demand)) this.#open.add(demand)
  }

  /** Something has changed on an account. */
  reopen(account: string): void {
    if (this.#shut.size === 0) return
    for (const demand of this.#byAccount.get(account) ?? []) this.reconsider(demand)
    for (const demand of this.#ofAny) this.reconsider(demand)
  }

  /** Something has changed on the channel, or much has. */
  reopenAll(): void {
    for (const demand of this.#shut.keys()) this.reconsider(demand)
  }

  /** Lets those in whose time has come. */
  reopenDue(now: number): void {
    for (const [demand, until] of this.#shut) if (until !== null && until <= now) this.reconsider(demand)
  }

  /** When the first of them may be served again. */
  get reopensAt(): number | null {
    let first: number | null = null
    for (const until of this.#shut.values())
      if (until !== null && (first === null || until < first)) first = until
    return first
  }

  /** How many wait for an account that they are bound to. */
  waitingFor(account: string): number {
    let waiting = 0
    for (const { size } of this.#byAccount.get(account) ?? []) waiting += size
    return waiting
  }

  /** Nobody asks for it any more. */
  forget(demand: Demand): void {
    this.#demands.delete(demand.key)
    this.#open.delete(demand)
    this.#shut.delete(demand)
    this.#ofAny.delete(demand)
    if (demand.account === undefined) return
    const bound = this.#byAccount.get(demand.account)
    bound?.delete(demand)
    if (bound?.size === 0) this.#byAccount.delete(demand.account)
  }

  /** Nobody waits any more. */
  clear(): void {
    for (const demand of this.all) this.forget(demand)
  }
}
