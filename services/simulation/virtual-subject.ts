import type { Command } from "@sluice/actors/decisions/command.ts"
import type { Group } from "@sluice/actors/group/group.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { Executed } from "@sluice/infra/actor-host/subject.ts"
import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import { SubjectTime } from "@sluice/infra/clock/subject-time.ts"
import type { ChannelSubject } from "@sluice/ingress/admission/hosted-channel.ts"
import { channelDecider, type ChannelDenial } from "@sluice/ingress/hosting/channel-decider.ts"

/** Where there is no log, everything is stored at once. */
const stored = Promise.resolve()

/** The most facts that follow by themselves in one turn, as where there is a log. */
const reactionsMax = 500

/**
 * A channel with its accounts as the actor host runs it, without a log: it decides, evolves and arms timers, and what was decided counts as stored.
 *
 * Source: F8.
 */
export class VirtualSubject implements ChannelSubject {
  readonly state: Group = channelDecider.create()
  readonly isAccepting = true
  readonly isLive = true
  readonly room = undefined
  readonly time: SubjectTime
  #clock: Clock
  #onFacts: (facts: ReadonlyArray<Fact>, committed: Promise<void>) => void
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined

  constructor(clock: Clock, onFacts: (facts: ReadonlyArray<Fact>, committed: Promise<void>) => void) {
    this.time = new SubjectTime(clock, 0)
    this.#clock = clock
    this.#onFacts = onFacts
  }

  execute(command: Command): Executed<ChannelDenial> {
    const now = this.#clock.now()
    this.#follow(now)
    const decided = channelDecider.decide(this.state, command, now)
    if (decided.kind !== "facts") return decided
    if (decided.facts.length > 0) {
      this.#take(decided.facts)
      this.#follow(now)
    }
    return { ...decided, committed: stored }
  }

  submit(command: Command): Promise<void> {
    const executed = this.execute(command)
    if (executed.kind !== "later") return stored
    return new Promise((resolve) => {
      this.#clock.at(executed.at, () => resolve(this.submit(command)))
    })
  }

  #take(facts: ReadonlyArray<Fact>): void {
    for (const fact of facts) channelDecider.evolve(this.state, fact)
    this.#onFacts(facts, stored)
  }

  #follow(now: number): void {
    for (let count = 0; count < reactionsMax;) {
      const facts = channelDecider.reactions(this.state, now)
      if (facts.length === 0) return this.#arm(channelDecider.dueAt(this.state))
      count += facts.length
      this.#take(facts)
    }
    this.#arm(now)
  }

  #arm(dueAt: number | null): void {
    if (dueAt === null || (this.#timer !== undefined && this.#timer.at <= dueAt)) return
    this.#timer?.cancel()
    const cancel = this.#clock.at(dueAt, () => {
      this.#timer = undefined
      this.#follow(this.#clock.now())
    })
    this.#timer = { at: dueAt, cancel }
  }
}
