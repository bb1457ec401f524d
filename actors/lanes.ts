import FlatQueue from "flatqueue"
import { Node, Yallist } from "yallist"
import { Census } from "./census.ts"
import type { Applicant } from "./command.ts"

/** One request's place in a channel's queue. Source: A6–A8. */
export interface Waiter extends Applicant {
  readonly lane: string
  readonly queuedAt: number
  readonly dueAt: number | null
  readonly dueReason: "queue_timeout" | "deadline"
}

/** The waiters of one client, first come first served, and its part of the turn. */
export interface Lane {
  readonly client: string
  readonly weight: number
  readonly waiters: Yallist<Waiter>
  readonly turn: Node<Lane>
  /** How many more grants this turn holds. */
  credit: number
}

/**
 * The queue of a channel: a lane for each client, served in turn by weight.
 *
 * Every operation is O(1) amortised in the number of waiters and of lanes, but for O(log n) where a due time falls before others. It changes in place: the actor that
 * holds it is its only owner.
 * Source: A6, A7, A12.
 */
export class Lanes {
  #lanes = new Map<string, Lane>()
  #ring = new Yallist<Lane>()
  #places = new Map<string, Node<Waiter>>()
  #due = new FlatQueue<Waiter>()
  #census = new Census<Lane>()

  /** How many wait. */
  get size(): number {
    return this.#places.size
  }

  /** Gives the place of a request, if it waits here. */
  get(request: string): Waiter | undefined {
    return this.#places.get(request)?.value
  }

  /** Takes a waiter in, behind those of its lane that arrived no later. */
  add(waiter: Waiter): void {
    const lane = this.#lanes.get(waiter.client) ?? this.#open(waiter)
    const node = new Node(waiter)
    this.#places.set(waiter.request, node)
    insertByArrival(lane.waiters, node)
    this.#census.set(lane, lane.weight, lane.waiters.length)
    if (waiter.dueAt !== null) this.#due.push(waiter, waiter.dueAt)
    if (this.#due.length > 2 * this.#places.size + 1_000) this.#forgetServed()
  }

  /** Takes out a waiter that got a slot, and moves the turn on when its client's part of it is used. Source: A7. */
  serve(request: string): Waiter | undefined {
    const node = this.#places.get(request)
    if (node === undefined) return undefined
    const lane = this.#laneOf(node.value)
    lane.credit -= 1
    this.#remove(lane, node)
    if (lane.credit <= 0) {
      lane.credit = lane.weight
      if (lane.waiters.length > 0) this.#ring.pushNode(lane.turn)
    }
    return node.value
  }

  /** Takes out a waiter that leaves without a slot. */
  leave(request: string): Waiter | undefined {
    const node = this.#places.get(request)
    if (node === undefined) return undefined
    this.#remove(this.#laneOf(node.value), node)
    return node.value
  }

  /** Gives the waiter whose turn it is. Source: A7. */
  next(): Waiter | undefined {
    return this.#ring.head?.value.waiters.head?.value
  }

  /** Gives how many requests of a client wait. */
  waitingOf(client: string): number {
    return this.#lanes.get(client)?.waiters.length ?? 0
  }

  /** Gives the newest waiter of the client with the most waiters per weight, if that is more than `perWeight`. Source: A6. */
  displaceable(perWeight: number): Waiter | undefined {
    const largest = this.#census.largest()
    if (largest === undefined || largest.waiters.length / largest.weight <= perWeight) return undefined
    return largest.waiters.tail?.value
  }

  /** Gives the waiter that is due first. */
  firstDue(): Waiter | undefined {
    let waiter = this.#due.peek()
    while (waiter !== undefined && this.get(waiter.request) !== waiter) {
      this.#due.pop()
      waiter = this.#due.peek()
    }
    return waiter
  }

  /** Gives all waiters in the order that makes the same lanes again: clients by turn, each in its order of service. */
  toJSON(): ReadonlyArray<{ readonly credit: number; readonly waiters: ReadonlyArray<Waiter> }> {
    return [...this.#ring].map((lane) => ({ credit: lane.credit, waiters: [...lane.waiters] }))
  }

  /** Makes the lanes again that `toJSON` wrote. */
  static from(lanes: ReturnType<Lanes["toJSON"]>): Lanes {
    const made = new Lanes()
    for (const { credit, waiters } of lanes) {
      for (const waiter of waiters) made.add(waiter)
      const first = waiters[0]
      if (first !== undefined) made.#laneOf(first).credit = credit
    }
    return made
  }

  #open(waiter: Waiter): Lane {
    const turn = new Node<Lane>(undefined as never)
    const lane: Lane = {
      client: waiter.client,
      weight: waiter.weight,
      waiters: new Yallist(),
      turn,
      credit: waiter.weight,
    }
    turn.value = lane
    this.#lanes.set(waiter.client, lane)
    this.#ring.pushNode(turn)
    return lane
  }

  #laneOf(waiter: Waiter): Lane {
    const lane = this.#lanes.get(waiter.client)
    if (lane === undefined) throw new Error(`no lane of ${waiter.client} for ${waiter.request}`)
    return lane
  }

  #remove(lane: Lane, node: Node<Waiter>): void {
    this.#places.delete(node.value.request)
    lane.waiters.removeNode(node)
    this.#census.set(lane, lane.weight, lane.waiters.length)
    if (lane.waiters.length > 0) return
    this.#lanes.delete(lane.client)
    this.#ring.removeNode(lane.turn)
  }

  #forgetServed(): void {
    this.#due.clear()
    for (const { value } of this.#places.values())
      if (value.dueAt !== null) this.#due.push(value, value.dueAt)
  }
}

const insertByArrival = (line: Yallist<Waiter>, node: Node<Waiter>): void => {
  const later: Array<Node<Waiter>> = []
  for (
    let tail = line.tail;
    tail !== undefined && tail.value.arrivedAt > node.value.arrivedAt;
    tail = line.tail
  ) {
    line.removeNode(tail)
    later.push(tail)
  }
  line.pushNode(node)
  for (const other of later.toReversed()) line.pushNode(other)
}
