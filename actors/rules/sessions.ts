/** How long one session stays on an account. Source: B6. */
export interface Stay {
  readonly session: string
  /** Names this stay, from the session's registration to its end. */
  readonly stay: string
  readonly lastSeenAt: number
  readonly inFlight: number
  /** True if one of its requests has succeeded. */
  readonly hasSucceeded: boolean
}

/**
 * The sessions that are registered on an account. It changes in place: the actor that holds it is its only owner.
 *
 * Every operation is O(1): the idle ones are kept in the order in which they were last seen.
 * Source: B6.
 */
export class Sessions {
  #busy = new Map<string, Stay>()
  #idle = new Map<string, Stay>()
  /** How many requests are in flight of sessions that are not registered, or no more. */
  #unregistered = new Map<string, number>()

  /** How many are registered. */
  get size(): number {
    return this.#busy.size + this.#idle.size
  }

  /** Returns the stay of a session, if it is registered. */
  get(session: string): Stay | undefined {
    return this.#busy.get(session) ?? this.#idle.get(session)
  }

  /** Registers a session one of whose requests has just been admitted. */
  register(session: string, stay: string, at: number): void {
    const inFlight = this.#unregistered.get(session) ?? 1
    this.#unregistered.delete(session)
    this.#busy.set(session, { session, stay, lastSeenAt: at, inFlight, hasSucceeded: false })
  }

  /** Refreshes a session one of whose requests is admitted. An unknown one stays unknown. */
  admit(session: string, at: number): void {
    const stay = this.get(session)
    if (stay === undefined) return this.#countStrangers(session, 1)
    this.#idle.delete(session)
    this.#busy.set(session, { ...stay, lastSeenAt: at, inFlight: stay.inFlight + 1 })
  }

  /** Refreshes a session one of whose requests has ended. An unknown one stays unknown. */
  end(session: string, { at, isSuccess }: { readonly at: number; readonly isSuccess: boolean }): void {
    const stay = this.#busy.get(session)
    if (stay === undefined) return this.#countStrangers(session, -1)
    const inFlight = stay.inFlight - 1
    const ended = { ...stay, lastSeenAt: at, inFlight, hasSucceeded: stay.hasSucceeded || isSuccess }
    if (inFlight > 0) return void this.#busy.set(session, ended)
    this.#busy.delete(session)
    this.#idle.set(session, ended)
  }

  /** Forgets a session. */
  forget(session: string): void {
    this.#countStrangers(session, this.#busy.get(session)?.inFlight ?? 0)
    this.#busy.delete(session)
    this.#idle.delete(session)
  }

  /** Returns the idle session that was seen least recently. */
  get longestIdle(): Stay | undefined {
    return this.#idle.values().next().value
  }

  /** Returns some of them, as many as asked for or all. */
  some(most: number): ReadonlyArray<Stay> {
    return [...this.#idle.values().take(most), ...this.#busy.values().take(most)].slice(0, most)
  }

  /** Returns them as JSON. */
  toJSON(): ReadonlyArray<Stay> {
    return [...this.#idle.values(), ...this.#busy.values()]
  }

  /** Makes the sessions again that `toJSON` wrote; `inFlight` names the session of each request that is in flight. */
  static from(stays: ReadonlyArray<Stay>, inFlight: Iterable<string> = []): Sessions {
    const made = new Sessions()
    for (const stay of stays) (stay.inFlight > 0 ? made.#busy : made.#idle).set(stay.session, stay)
    for (const session of inFlight) if (!made.#busy.has(session)) made.#countStrangers(session, 1)
    return made
  }

  #countStrangers(session: string, more: number): void {
    const inFlight = (this.#unregistered.get(session) ?? 0) + more
    if (inFlight > 0) this.#unregistered.set(session, inFlight)
    else this.#unregistered.delete(session)
  }
}

/** When an idle session's stay is over: exactly so old it has expired. Source: B6. */
export const expiresAt = ({ lastSeenAt }: Stay, idleTimeoutMs: number): number => lastSeenAt + idleTimeoutMs
