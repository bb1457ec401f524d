import type { Estimate } from "@sluice/events/field.ts"
import type { Node, Yallist } from "yallist"

/** One request's place in a channel's queue. Source: A6–A8. */
export interface Waiter {
  readonly request: string
  readonly attempt: number
  readonly client: string
  readonly weight: number
  readonly model: string
  readonly session?: string
  /** True if its session stays bound to another account, and is not registered where it is served. Source: B7. */
  readonly isSpilled?: boolean
  /** True if it may test an account that fails, since nobody else can serve it. Source: C7. */
  readonly mayProbe?: boolean
  /** The account that it is bound to and waits for. Source: B7. */
  readonly account?: string
  readonly estimate: Estimate
  readonly estimatedCostNanoUsd?: number
  readonly arrivedAt: number
  readonly queuedAt: number
  readonly dueAt: number | null
  readonly dueReason: "queue_timeout" | "deadline"
}

/** A waiter in its lines; `place` counts those who came, so that two of one instant keep their order. */
export interface Positioned extends Waiter {
  readonly place: number
}

/** True if one of two came first. */
export const cameBefore = (one: Positioned, other: Positioned): boolean =>
  one.arrivedAt === other.arrivedAt ? one.place < other.place : one.arrivedAt < other.arrivedAt

/** Puts a waiter into a line, behind those who came before it. */
export const insertByArrival = (line: Yallist<Positioned>, node: Node<Positioned>): void => {
  const later: Array<Node<Positioned>> = []
  for (let { tail } = line; tail !== undefined && cameBefore(node.value, tail.value); { tail } = line) {
    line.removeNode(tail)
    later.push(tail)
  }
  line.pushNode(node)
  for (const other of later.toReversed()) line.pushNode(other)
}
