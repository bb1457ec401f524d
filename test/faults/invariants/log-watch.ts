import { decodeCommit } from "@sluice/events/commit.ts"
import type { StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import { cooldownsPaired } from "./cooldowns.ts"
import { orderInLanes } from "./lane-order.ts"
import { eachLeaseEndsOnce } from "./leases.ts"
import { eachRequestEndsOnce } from "./requests.ts"
import { eachUsageOnce } from "./usages.ts"
import { versionsWithoutGaps } from "./versions.ts"

/** Holds a log to what must be true of it, with each message that is stored. Source: R3. */
export class LogWatch {
  readonly usages = eachUsageOnce()
  readonly #versions = versionsWithoutGaps()
  readonly #invariants = [
    eachLeaseEndsOnce(),
    this.usages,
    cooldownsPaired(),
    orderInLanes(),
    eachRequestEndsOnce(),
  ]

  /** Takes the next message; gives what is wrong with it. */
  take({ subject, body }: StoredMessage): ReadonlyArray<string> {
    const { commit, version, facts } = decodeCommit(body)
    const place = { subject, commit, version }
    const wrong = [
      this.#versions(place),
      ...facts.flatMap((fact) => this.#invariants.map((invariant) => invariant.take(fact, place))),
    ]
    return wrong.flatMap((one) => (one === undefined ? [] : [`${one} (commit ${commit})`]))
  }

  /** Returns what is open where all has ended. */
  left(nowMs: number): ReadonlyArray<string> {
    return this.#invariants.flatMap((invariant) => invariant.left(nowMs))
  }
}
