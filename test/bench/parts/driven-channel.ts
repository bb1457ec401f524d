import type { Command } from "@sluice/actors/decisions/command.ts"
import type { Group } from "@sluice/actors/group/group.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { applicant, type ChannelShape, configure, type Held, meter, release } from "./channel-commands.ts"

/** A channel with its accounts, driven as its host does it but without a log: decide, evolve, what follows, when something will. */
export class DrivenChannel {
  readonly #group: Group = channelDecider.create()
  readonly #shape: ChannelShape
  readonly #onFact: (fact: Fact) => void
  readonly #held: Array<Held> = []
  #first = 0
  #requests = 0
  /** Virtual time: a millisecond a request. */
  #now = 1
  #decisions = 0
  #facts = 0

  constructor(id: string, shape: ChannelShape, onFact: (fact: Fact) => void = () => undefined) {
    this.#shape = shape
    this.#onFact = onFact
    this.#execute(configure(id, shape))
  }

  /** How many commands were decided, and how many facts followed. */
  get counts(): { readonly decisions: number; readonly facts: number } {
    return { decisions: this.#decisions, facts: this.#facts }
  }

  /** A request arrives: it gets a slot, or a place in the queue where there is none. */
  arrive(): void {
    this.#requests += 1
    this.#now += 1
    const wanted = applicant(this.#requests, this.#shape, this.#now)
    if (this.#execute({ type: "acquire", ...wanted, since: wanted.arrivedAt, tried: new Set() })) return
    this.#execute({ type: "enqueue", ...wanted, deadlineAt: null })
  }

  /** The oldest attempt ends well; its slot goes to a waiter, if there is one. */
  end(): void {
    const oldest = this.#held[this.#first++]
    if (oldest === undefined) throw new Error("no attempt is in flight")
    if (this.#first === 10_000) {
      this.#held.splice(0, this.#first)
      this.#first = 0
    }
    this.#execute(meter(oldest))
    this.#execute(release(oldest, this.#now))
  }

  /** True if it was taken. */
  #execute(command: Command): boolean {
    this.#follow()
    const decision = channelDecider.decide(this.#group, command, this.#now)
    this.#decisions += 1
    if (decision.kind !== "facts") return false
    this.#evolve(decision.facts)
    this.#follow()
    return true
  }

  #follow(): void {
    for (;;) {
      const facts = channelDecider.reactions(this.#group, this.#now)
      if (facts.length === 0) break
      this.#evolve(facts)
    }
    channelDecider.dueAt(this.#group)
  }

  #evolve(facts: ReadonlyArray<Fact>): void {
    this.#facts += facts.length
    for (const fact of facts) {
      channelDecider.evolve(this.#group, fact)
      if (fact.type === "channel.acquired") this.#held.push({ lease: fact.lease, account: fact.account })
      this.#onFact(fact)
    }
  }
}
