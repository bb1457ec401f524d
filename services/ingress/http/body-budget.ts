import { defaultBodyBudgetBytes, type Settings } from "@sluice/events/configuration/configuration.ts"
import { type Problem, problem } from "./errors.ts"

/** A body of up to so much always finds room. */
const smallBodyBytes = 64 * 1024

/** Returns the budget that a configuration means. Half of it is for one client, and half of the rest for another: each of these can send one of the largest bodies. */
export const bodyBudgetOf = ({
  bodyBudgetBytes = defaultBodyBudgetBytes,
  bodyLimitBytes,
}: Pick<Settings, "bodyBudgetBytes" | "bodyLimitBytes">): number =>
  Math.max(bodyBudgetBytes, 4 * bodyLimitBytes)

/** The room that one body takes; it is given back once, however often that is asked for. */
export interface BodyRoom {
  /** Takes room for a body of so much in all, unless it was given back. Fails: says why there is none, and takes nothing more. */
  grow(bytes: number): Problem | undefined
  release(): void
}

/**
 * Counts the bytes of all bodies that are held, from the time at which they are expected to that at which their requests are over.
 *
 * A client holds half of the budget at most, and never more than is left free; a small body is counted and always taken.
 */
export class BodyBudget {
  readonly #limitBytes: () => number
  readonly #ofClient = new Map<string, number>()
  #heldBytes = 0

  constructor(limitBytes: () => number) {
    this.#limitBytes = limitBytes
  }

  /** How much is held now. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Opens the room of one body, which is empty at first. */
  open(client: string): BodyRoom {
    let roomBytes = 0
    let isOpen = true
    return {
      grow: (bytes) => {
        const moreBytes = bytes - roomBytes
        if (moreBytes <= 0 || !isOpen) return undefined
        const excess = bytes <= smallBodyBytes ? undefined : this.#excess(client, moreBytes)
        if (excess !== undefined) return excess
        this.#add(client, moreBytes)
        roomBytes = bytes
        return undefined
      },
      release: () => {
        isOpen = false
        this.#add(client, -roomBytes)
        roomBytes = 0
      },
    }
  }

  #excess(client: string, moreBytes: number): Problem | undefined {
    const limitBytes = this.#limitBytes()
    const ofClient = (this.#ofClient.get(client) ?? 0) + moreBytes
    if (ofClient > limitBytes / 2)
      return problem("body_budget_exceeded", "The client's requests hold as many bytes as they may.")
    if (this.#heldBytes + moreBytes + ofClient <= limitBytes) return undefined
    const message = "The requests of all clients hold too many bytes for one more of this size."
    return problem("body_budget_exceeded_by_all", message)
  }

  #add(client: string, bytes: number): void {
    if (bytes === 0) return
    this.#heldBytes += bytes
    const ofClient = (this.#ofClient.get(client) ?? 0) + bytes
    if (ofClient === 0) this.#ofClient.delete(client)
    else this.#ofClient.set(client, ofClient)
  }
}
