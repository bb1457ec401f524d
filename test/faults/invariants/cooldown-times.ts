import { contextOf } from "@sluice/actors/group/group.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { heldBack } from "@sluice/events/subject-span.ts"
import type { HostedChannel } from "@sluice/ingress/admission/hosted-channel.ts"

/** A process that is frozen, or whose log does not answer, ends a cooldown so much later. */
const slackMs = 15_000

interface Begun {
  /** The real time at which it was begun, extended or loaded, and how much of the subject's time it had left. */
  readonly at: number
  readonly leftMs: number
}

/** Holds the cooldowns of accounts to real time, whatever the machine's clock says: none ends early, and none later than a subject that is held back lets it. Source: C5, L2, L3. */
export class CooldownTimes {
  readonly #now: () => number
  #open = new Map<string, Begun>()

  /** `now` gives the real time. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Takes what a channel's actors are after a load; what was decided and not stored did not happen. */
  reload({ subject: { state, time } }: Pick<HostedChannel, "subject">): void {
    const now = time.now()
    this.#open = new Map(
      [...state.accounts.values()].flatMap((account) => {
        const { cooldown } = contextOf(account)
        return cooldown === null
          ? []
          : [[cooldown.id, { at: this.#now(), leftMs: Math.max(0, cooldown.until - now) }]]
      }),
    )
  }

  /** Takes a fact in the turn in which it was decided; says what is wrong with it. */
  take(fact: Fact): string | undefined {
    switch (fact.type) {
      case "account.cooldown_started":
      case "account.cooldown_extended":
        if (fact.model === undefined)
          this.#open.set(fact.id, { at: this.#now(), leftMs: fact.until - fact.at })
        return undefined
      case "account.cooldown_ended": {
        const begun = this.#open.get(fact.id)
        this.#open.delete(fact.id)
        if (begun === undefined || fact.reason !== "elapsed") return undefined
        const passedMs = this.#now() - begun.at
        if (passedMs < begun.leftMs - 1)
          return `C5: the cooldown ${fact.id} ends after ${passedMs} of ${begun.leftMs} ms`
        return this.#isLate(begun)
          ? `C5: the cooldown ${fact.id} of ${begun.leftMs} ms ends after ${passedMs} ms`
          : undefined
      }
      default:
        return undefined
    }
  }

  /** Names those that should have ended. */
  late(): ReadonlyArray<string> {
    return [...this.#open]
      .filter(([, begun]) => this.#isLate(begun))
      .map(([id, { leftMs }]) => `C5: the cooldown ${id} of ${leftMs} ms does not end`)
  }

  #isLate({ at, leftMs }: Begun): boolean {
    return this.#now() - at > leftMs / (1 - heldBack) + slackMs
  }
}
