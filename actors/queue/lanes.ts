import type { QueueOrder } from "@sluice/events/configuration/channel.ts"
import FlatQueue from "flatqueue"
import { Node, Yallist } from "yallist"
import { type Demand, demandKey, type Lane, precedes, type Share } from "./demand.ts"
import { OpenDemands } from "./open-demands.ts"
import { insertByArrival, type Positioned, type Waiter } from "./waiter.ts"
import { WeightedCounts } from "./weighted-counts.ts"

/** All who wait of one client, whatever they ask for. */
interface ClientQueue {
  readonly client: string
  readonly weight: number
  readonly waiters: Yallist<Positioned>
}

interface Place {
  readonly lane: Lane
  readonly queue: ClientQueue
  readonly inLane: Node<Positioned>
  readonly inClientQueue: Node<Positioned>
}

/** Lanes as JSON, from which the same ones can be made. */
export interface StoredLanes {
  readonly order: QueueOrder
  readonly places: number
  readonly turn: number
  readonly shares: ReadonlyArray<Omit<Share, "lanes">>
  /** The lanes of each demand by turn, with the key of their share and those who wait in them. */
  readonly demands: ReadonlyArray<
    ReadonlyArray<{ readonly share: string; readonly waiters: ReadonlyArray<Positioned> }>
  >
}

/** The one share that all have where nobody takes turns. */
const everybody = { key: "", weight: 1 }

/**
 * The queue of a channel: a lane for each client and what it asks for, served in turn by weight, or all by arrival.
 *
 * Every operation is O(1) amortised in the number of waiters and of lanes, but for O(log n) where a due time falls before others. It changes in place: the actor that
 * holds it is its only owner.
 * Source: A6, A7, A12.
 */
export class Lanes {
  #order: QueueOrder = "fair"
  #places = new Map<string, Place>()
  #lanes = new Map<string, Lane>()
  #shares = new Map<string, Share>()
  #queues = new Map<string, ClientQueue>()
  #due = new FlatQueue<Positioned>()
  #weightedCounts = new WeightedCounts<ClientQueue>()
  /** The weights of all clients that wait, together. */
  #weights = 0
  #count = 0
  /** How many turns the client that was served last has had: who comes now has had as many. */
  #turn = 0
  /** The shares of clients that no longer wait but have had a part of this turn: one that comes back goes on from there. */
  #resting = new Set<Share>()
  /** Those demands that the free capacity may serve, as far as it is known. */
  readonly demands = new OpenDemands()

  /** How many wait. */
  get size(): number {
    return this.#places.size
  }

  /** Returns the place of a request, if it waits here. */
  get(request: string): Positioned | undefined {
    return this.#places.get(request)?.inLane.value
  }

  /** Takes a waiter in, behind those of its lane that arrived no later. */
  add(waiter: Waiter): void {
    this.#count += 1
    this.#place({ ...waiter, place: this.#count })
  }

  /** Takes out a waiter that got a slot, and moves the turn on when its client's part of it is used. Source: A7. */
  serve(request: string): Waiter | undefined {
    const place = this.#places.get(request)
    if (place === undefined) return undefined
    const { share } = place.lane
    this.#advance(share)
    share.credit -= 1
    this.#remove(place)
    if (share.credit <= 0) {
      share.credit = share.weight
      share.turn += 1
      for (const { demand, turn } of share.lanes) demand.lanes.pushNode(turn)
    }
    return place.inLane.value
  }

  /** Takes out a waiter that leaves without a slot. */
  leave(request: string): Waiter | undefined {
    const place = this.#places.get(request)
    if (place !== undefined) this.#remove(place)
    return place?.inLane.value
  }

  /** Returns the waiter whose turn it is among those whom the free capacity may serve. Source: A7. */
  next(): Positioned | undefined {
    let best: Lane | undefined
    for (const { lanes } of this.demands.open) {
      const lane = lanes.head?.value
      if (lane !== undefined && (best === undefined || precedes(lane, best, this.#turn))) best = lane
    }
    return best?.waiters.head?.value
  }

  /** Returns all who wait. */
  get all(): ReadonlyArray<Positioned> {
    return [...this.#places.values()].map(({ inLane }) => inLane.value)
  }

  /** Returns anyone who waits. */
  first(): Positioned | undefined {
    return this.#places.values().next().value?.inLane.value
  }

  /** Returns what a waiter of these lanes asks for. */
  demandOf({ request }: Waiter): Demand {
    const place = this.#places.get(request)
    if (place === undefined) throw new Error(`${request} does not wait here`)
    return place.lane.demand
  }

  /** Returns how many requests of a client wait. */
  waitingOf(client: string): number {
    return this.#queues.get(client)?.waiters.length ?? 0
  }

  /** Returns in how many lanes a client waits, or all do where nobody takes turns; 0 where the one of this waiter is among them. */
  otherLanesOf(waiter: Pick<Waiter, "account" | "session" | "model" | "client">): number {
    const key = this.#order === "fifo" ? everybody.key : waiter.client
    if (this.#lanes.has(`${key} ${demandKey(waiter)}`)) return 0
    return this.#shares.get(key)?.lanes.size ?? 0
  }

  /** Returns how many would be served before the next request of a client. Source: B11. */
  ahead(client: string, weight: number): number {
    if (this.#order === "fifo") return this.size
    const waiting = this.waitingOf(client)
    const others = this.#weights - (waiting > 0 ? weight : 0)
    const turns = Math.ceil((waiting + 1) / weight)
    return Math.min(this.size, waiting + turns * others)
  }

  /** Returns the newest waiter of the client with the most waiters per weight, if that is more than `perWeight`. Source: A6. */
  displaceable(perWeight: number): Waiter | undefined {
    const largest = this.#weightedCounts.largest()
    if (largest === undefined || largest.waiters.length / largest.weight <= perWeight) return undefined
    return largest.waiters.tail?.value
  }

  /** Returns the waiter that is due first. */
  firstDue(): Waiter | undefined {
    let waiter = this.#due.peek()
    while (waiter !== undefined && this.get(waiter.request) !== waiter) {
      this.#due.pop()
      waiter = this.#due.peek()
    }
    return waiter
  }

  /** Changes in which order they are served; who waits keeps the time of arrival. Source: A10. */
  reorder(order: QueueOrder): void {
    if (order === this.#order) return
    const waiters = this.all
    this.#clear()
    this.#order = order
    for (const waiter of waiters.toSorted((one, other) => one.place - other.place)) this.#place(waiter)
  }

  /** Returns them as JSON. */
  toJSON(): StoredLanes {
    return {
      order: this.#order,
      places: this.#count,
      turn: this.#turn,
      shares: [...this.#shares.values()].map(({ key, weight, credit, turn }) => ({
        key,
        weight,
        credit,
        turn,
      })),
      demands: this.demands.all.map(({ lanes }) =>
        [...lanes].map(({ share, waiters }) => ({ share: share.key, waiters: [...waiters] })),
      ),
    }
  }

  /** Makes the lanes again that `toJSON` wrote. */
  static from({ order, places, turn, shares, demands }: StoredLanes): Lanes {
    const made = new Lanes()
    made.#order = order
    for (const share of shares) made.#shares.set(share.key, { ...share, lanes: new Set() })
    for (const lane of demands.flat()) for (const waiter of lane.waiters) made.#place(waiter)
    for (const share of made.#shares.values()) if (share.lanes.size === 0) made.#resting.add(share)
    made.#count = places
    made.#turn = turn
    return made
  }

  #place(waiter: Positioned): void {
    const lane = this.#laneFor(waiter)
    const queue = this.#clientQueueFor(waiter)
    const place = { lane, queue, inLane: new Node(waiter), inClientQueue: new Node(waiter) }
    this.#places.set(waiter.request, place)
    insertByArrival(lane.waiters, place.inLane)
    insertByArrival(queue.waiters, place.inClientQueue)
    lane.demand.size += 1
    if (lane.waiters.head === place.inLane) this.demands.reconsider(lane.demand)
    this.#weightedCounts.set(queue, queue.weight, queue.waiters.length)
    if (waiter.dueAt !== null) this.#due.push(waiter, waiter.dueAt)
    if (this.#due.length > 2 * this.#places.size + 1_000) this.#forgetServed()
  }

  #laneFor(waiter: Positioned): Lane {
    const asked = demandKey(waiter)
    const { key, weight } = this.#order === "fifo" ? everybody : { key: waiter.client, weight: waiter.weight }
    const laneKey = `${key} ${asked}`
    const known = this.#lanes.get(laneKey)
    if (known !== undefined) return known
    const share = this.#shareFor(key, weight)
    const demand = this.demands.of(asked, waiter.account)
    const turn = new Node<Lane>(undefined as never)
    const lane: Lane = { demand, share, waiters: new Yallist(), turn }
    turn.value = lane
    this.#lanes.set(laneKey, lane)
    share.lanes.add(lane)
    demand.lanes.pushNode(turn)
    return lane
  }

  #shareFor(key: string, weight: number): Share {
    const known = this.#shares.get(key)
    if (known !== undefined) {
      this.#resting.delete(known)
      return known
    }
    const share: Share = { key, weight, credit: weight, turn: this.#turn, lanes: new Set() }
    this.#shares.set(key, share)
    return share
  }

  /** Begins the turn of a share; one that could not be served for long has missed the turns before, and does not make up for them. */
  #advance(share: Share): void {
    share.turn = Math.max(share.turn, this.#turn)
    if (share.turn === this.#turn) return
    this.#turn = share.turn
    for (const resting of this.#resting)
      if (resting.turn < this.#turn) {
        this.#resting.delete(resting)
        this.#shares.delete(resting.key)
      }
  }

  #clientQueueFor({ client, weight }: Positioned): ClientQueue {
    const known = this.#queues.get(client)
    if (known !== undefined) return known
    const queue: ClientQueue = { client, weight, waiters: new Yallist() }
    this.#queues.set(client, queue)
    this.#weights += weight
    return queue
  }

  #remove({ lane, queue, inLane, inClientQueue }: Place): void {
    const { demand, share } = lane
    const wasFirst = lane.waiters.head === inLane
    this.#places.delete(inLane.value.request)
    lane.waiters.removeNode(inLane)
    queue.waiters.removeNode(inClientQueue)
    demand.size -= 1
    this.#weightedCounts.set(queue, queue.weight, queue.waiters.length)
    if (queue.waiters.length === 0) {
      this.#queues.delete(queue.client)
      this.#weights -= queue.weight
    }
    if (wasFirst) this.demands.reconsider(demand)
    if (lane.waiters.length > 0) return
    this.#lanes.delete(`${share.key} ${demand.key}`)
    demand.lanes.removeNode(lane.turn)
    share.lanes.delete(lane)
    if (share.lanes.size === 0) this.#resting.add(share)
    if (demand.size === 0) this.demands.forget(demand)
  }

  #clear(): void {
    this.#places.clear()
    this.#lanes.clear()
    this.#shares.clear()
    this.#resting.clear()
    this.#queues.clear()
    this.#due.clear()
    this.#weightedCounts = new WeightedCounts()
    this.#weights = 0
    this.demands.clear()
  }

  #forgetServed(): void {
    this.#due.clear()
    for (const { inLane } of this.#places.values())
      if (inLane.value.dueAt !== null) this.#due.push(inLane.value, inLane.value.dueAt)
  }
}
