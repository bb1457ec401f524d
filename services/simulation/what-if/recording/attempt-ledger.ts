import type { AccountFact } from "@sluice/events/account.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { idOf } from "@sluice/events/identifier.ts"
import type { Meaning } from "@sluice/ingress/providers/classification/classification.ts"
import { statedPerMinute } from "@sluice/ingress/providers/classification/rate-limit-headers.ts"
import type { RecordedAttempt, RecordedUsage } from "./recorded-attempt.ts"

type Of<T extends AccountFact["type"]> = Extract<AccountFact, { type: T }>

interface Open {
  readonly place: number
  readonly acquired: Of<"account.acquired">
  usage: RecordedUsage | null
}

/** How much longer than its attempt a slot of a channel is held. Units: milliseconds. */
export type LingerOf = (channel: string) => {
  readonly abortLingerMs: number
  readonly releaseLingerMs: number
}

/** Puts the facts of accounts together to attempts, from the grant of a slot to its release. */
export class AttemptLedger {
  readonly #open = new Map<string, Open>()
  readonly #lingerOf: LingerOf
  #begun = 0
  readonly ended: Array<RecordedAttempt> = []

  constructor(lingerOf: LingerOf) {
    this.#lingerOf = lingerOf
  }

  /** Takes the facts of one commit of a channel: what an answer meant is told by what was decided with its release. */
  take(channel: string, facts: ReadonlyArray<Fact>): void {
    for (const fact of facts)
      switch (fact.type) {
        case "account.acquired":
          this.#open.set(fact.lease, { place: this.#begun, acquired: fact, usage: null })
          this.#begun += 1
          break
        case "account.usage_recorded": {
          const open = this.#open.get(fact.lease)
          const { tokens, complete, costNanoUsd } = fact
          if (open !== undefined) open.usage = { tokens, complete, costNanoUsd }
          break
        }
        case "account.released":
          this.#end(channel, fact, facts)
          break
        case "account.expired":
          this.#open.delete(fact.lease)
          break
        default:
          break
      }
  }

  #end(channel: string, released: Of<"account.released">, facts: ReadonlyArray<Fact>): void {
    const open = this.#open.get(released.lease)
    if (open === undefined) return
    this.#open.delete(released.lease)
    const { request, outcome, status, holdMs, ttftMs } = released
    const { abortLingerMs, releaseLingerMs } = this.#lingerOf(channel)
    const isAbort = outcome === "client_closed" || outcome === "timeout" || outcome === "aborted"
    const tookMs = Math.max(ttftMs ?? 0, holdMs - (isAbort ? abortLingerMs : releaseLingerMs))
    const { actor, model, estimate } = open.acquired
    this.ended.push({
      place: open.place,
      request,
      channel,
      account: idOf(actor),
      model,
      estimate,
      startedAt: released.startedAt,
      tookMs,
      ttftMs,
      outcome,
      status,
      usage: open.usage,
      meaning: meaningOf(released, facts),
    })
  }
}

const meaningOf = (released: Of<"account.released">, facts: ReadonlyArray<Fact>): Meaning | null => {
  if (released.outcome !== "rate_limited" && released.outcome !== "upstream_error") return null
  // A group's facts stand in the order in which they apply, and those of another release begin with it.
  const at = facts.indexOf(released)
  const next = facts.findIndex((fact, place) => place > at && fact.type === "account.released")
  const followed = facts.slice(at + 1, next === -1 ? undefined : next)
  const suspended = followed.find((fact) => fact.type === "account.suspended")
  const credentialRefused =
    suspended?.reason === "credential"
      ? { evidence: suspended.evidence, summary: suspended.summary }
      : undefined
  const cooldown = followed.find(
    (fact) =>
      fact.actor === released.actor &&
      (fact.type === "account.cooldown_started" || fact.type === "account.cooldown_extended"),
  ) as Of<"account.cooldown_started"> | undefined
  const isModelUnknown = cooldown?.classification === "model" && released.classification === undefined
  return { rejection: rejectionOf(released, cooldown, followed), credentialRefused, isModelUnknown }
}

const rejectionOf = (
  { actor, classification, evidence = {}, retryAfterMs, status }: Of<"account.released">,
  cooldown: Of<"account.cooldown_started"> | undefined,
  followed: ReadonlyArray<Fact>,
): Meaning["rejection"] => {
  if (classification === undefined) return undefined
  const perMinute =
    classification === "requests" || classification === "tokens"
      ? statedPerMinute(evidence, classification)
      : undefined
  const stated = followed.find(
    (fact) => fact.actor === actor && fact.type === "account.limit_adjusted" && fact.reason === "stated",
  ) as Of<"account.limit_adjusted"> | undefined
  return {
    ...(perMinute === undefined ? {} : { statedPerMinute: perMinute }),
    classification,
    evidence,
    retryAfterMs: retryAfterMs ?? cooldown?.retryAfterMs ?? null,
    resetAt: cooldown?.source === "official_reset" ? cooldown.until : null,
    isOfModel: cooldown?.model !== undefined,
    statedLimit: stated?.to ?? null,
    summary: cooldown?.summary ?? String(status),
  }
}
