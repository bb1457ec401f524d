/** So many wrong keys of one caller in a minute are answered as such; then it has to pause. */
const toleratedWrong = 10
const spanMs = 60_000
const pauseMs = 60_000
/** So many callers are remembered at once; beyond, the one that has been known longest is forgotten. */
const rememberedCallers = 10_000
const provenClients = 16

interface Wrong {
  since: number
  count: number
  pausedUntil: number
}

/** Makes those who bring wrong keys pause, by the network that they call from. A key that was right from there before the pause is right during it, so that a neighbour behind the same address is not held up. Source: S9. */
export class WrongKeys {
  readonly #now: () => number
  readonly #wrong = new Map<string, Wrong>()
  /** The clients whose keys were right, by the network that they came from. */
  readonly #proven = new Map<string, Set<string>>()

  /** `now` is in milliseconds on any clock that does not go back by much. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes note of the key that a caller brought and of whose it is. Returns for how many milliseconds the caller has to pause; 0 where it may go on. */
  pauseOf(caller: string, { client, hasKey }: { client: string | undefined; hasKey: boolean }): number {
    const now = this.#now()
    const wrong = this.#wrong.get(caller)
    const leftMs = wrong === undefined ? 0 : wrong.pausedUntil - now
    if (leftMs > 0) return client !== undefined && this.#isProven(caller, client) ? 0 : leftMs
    if (client !== undefined) this.#prove(caller, client)
    else if (hasKey) this.#count(caller, wrong, now)
    return 0
  }

  #isProven(caller: string, client: string): boolean {
    return this.#proven.get(caller)?.has(client) === true
  }

  #prove(caller: string, client: string): void {
    const clients = this.#proven.get(caller)
    if (clients === undefined) remember(this.#proven, caller, new Set([client]))
    else if (clients.size < provenClients) clients.add(client)
  }

  #count(caller: string, known: Wrong | undefined, now: number): void {
    const isRecent = known !== undefined && now - known.since < spanMs
    const wrong = isRecent ? known : { since: now, count: 0, pausedUntil: 0 }
    if (!isRecent) remember(this.#wrong, caller, wrong)
    wrong.count += 1
    if (wrong.count < toleratedWrong) return
    wrong.pausedUntil = now + pauseMs
    wrong.since = wrong.pausedUntil
    wrong.count = 0
  }
}

/** Puts an entry behind all others, and forgets the first where there are too many. */
const remember = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  map.delete(key)
  map.set(key, value)
  if (map.size <= rememberedCallers) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
