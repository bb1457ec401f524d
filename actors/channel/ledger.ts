import type { ChannelFact } from "@sluice/events/channel.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { RequestClass } from "@sluice/events/field.ts"
import { Equal } from "effect"
import {
  countRejection,
  forgetLearning,
  learnFromAccepted,
  learnFromEnd,
  learnFromSent,
  type LimitHolder,
  noAdjustments,
  noRejections,
  type Sent,
  takeAdjustment,
  takeMode,
} from "../limit/learned-limit.ts"
import { unchanged } from "../machine/live-actor.ts"
import { Lanes } from "../queue/lanes.ts"
import { begin, type Cooldown, extend } from "../rules/cooldown.ts"
import { Leases } from "../rules/leases.ts"
import { type ByModel, byModel, endOfModel, ofModel } from "../rules/named-models.ts"
import { type ServiceTimes, observe } from "../rules/service-times.ts"
import { sizeOf, take, type TokenBucket } from "../rules/token-bucket.ts"

/** A slot of the channel, held by one attempt. Source: A9. */
export interface ChannelLease extends Sent {
  readonly account: string
  readonly client: string
  readonly class: RequestClass
  readonly model: string
  /** What it took from the channel's bucket of tokens; absent where there was none. Source: C1. */
  readonly takenTokens?: number
}

/** All that a channel's facts say about it. `leases`, `lanes`, `holds` and `blockedModels` change in place: the actor is their only owner. */
export interface ChannelContext extends LimitHolder {
  readonly config: ChannelConfiguration | null
  readonly revision: number
  readonly removed: boolean
  readonly leases: Leases<ChannelLease>
  readonly lanes: Lanes
  readonly cooldown: Cooldown | null
  /** How many cooldowns it has had, so that each has a name of its own. */
  readonly cooldowns: number
  /** The models that the upstream does not know, until they are tried again. Source: C7. */
  readonly blockedModels: ByModel<Cooldown>
  readonly rpm: TokenBucket | null
  readonly tpm: TokenBucket | null
  /** How long each model's attempts hold a slot. Source: B11. */
  readonly holds: ServiceTimes
}

type Of<T extends ChannelFact["type"]> = Extract<ChannelFact, { type: T }>
type Change = Partial<ChannelContext>

/** What the facts of a channel make of it. */
export type EvolveChannel = {
  readonly [T in ChannelFact["type"]]: (context: ChannelContext, fact: Of<T>) => Change
}

/** Returns a channel to which nothing has happened yet. */
export const newChannel = (): ChannelContext => ({
  config: null,
  revision: 0,
  removed: false,
  leases: new Leases(),
  lanes: new Lanes(),
  cooldown: null,
  cooldowns: 0,
  blockedModels: byModel(),
  rpm: null,
  tpm: null,
  holds: new Map(),
  mode: null,
  learning: null,
  unknowns: 0,
  rejections: noRejections,
  adjustments: noAdjustments,
})

const acquired = (context: ChannelContext, fact: Of<"channel.acquired">): Change => {
  const { lanes, leases, config, rpm, tpm } = context
  const { request, attempt, lease, account, client, class: of, model, at } = fact
  lanes.serve(request)
  const told = { acquiredAt: at, level: fact.inFlight, acceptedBy: null }
  const taken = fact.estimatedTokens === undefined ? unchanged : { takenTokens: fact.estimatedTokens }
  leases.put({ request, attempt, lease, account, client, class: of, model, ...told, ...taken })
  const learned = learnFromSent(context, fact)
  if (config === null || (config.rpm === null && config.tpm === null)) return learned
  const { burstSeconds } = config
  return {
    ...learned,
    rpm: config.rpm === null ? rpm : take(rpm, sizeOf(config.rpm, burstSeconds), { amount: 1, now: at }),
    tpm:
      config.tpm === null
        ? tpm
        : take(tpm, sizeOf(config.tpm, burstSeconds), { amount: fact.estimatedTokens ?? 0, now: at }),
  }
}

const released = (context: ChannelContext, fact: Of<"channel.released">): Change => {
  const held = context.leases.get(fact.lease)
  if (held === undefined) return unchanged
  if (fact.outcome === "ok") observe(context.holds, held.model, fact.holdMs)
  const learned = endLease(context, held, fact)
  const counted = countRejection(context, fact)
  if (learned === unchanged) return counted
  return counted === unchanged ? learned : { ...learned, ...counted }
}

/** Ends a lease. What its end tells is asked first: it counts among those that were in flight. */
const endLease = (
  context: ChannelContext,
  held: ChannelLease,
  fact: Of<"channel.released" | "channel.expired">,
): Change => {
  const learned = learnFromEnd(context, held, fact)
  context.leases.end(fact.lease)
  return learned
}

const accepted = (context: ChannelContext, { lease, by, at }: Of<"channel.accepted">): Change => {
  const held = context.leases.get(lease)
  if (held === undefined) return unchanged
  context.leases.put({ ...held, acceptedBy: by })
  return learnFromAccepted(context, held, at)
}

const settled = ({ config, tpm }: ChannelContext, fact: Of<"channel.settled">): Change => {
  if (config === null || config.tpm === null) return unchanged
  const amount = fact.tokens - fact.estimatedTokens
  return { tpm: take(tpm, sizeOf(config.tpm, config.burstSeconds), { amount, now: fact.at }) }
}

const leaveQueue = (
  { lanes }: ChannelContext,
  fact: Of<"channel.timed_out" | "channel.abandoned">,
): Change => {
  lanes.leave(fact.request)
  return unchanged
}

const cooldownEnded = (context: ChannelContext, { id }: Of<"channel.cooldown_ended">): Change => {
  if (context.cooldown?.id === id) return { cooldown: null }
  endOfModel(context.blockedModels, id)
  return unchanged
}

/** What each fact makes of a channel. */
export const evolveChannel: EvolveChannel = {
  "channel.configured": (context, { config, revision }) => {
    context.lanes.reorder(config.queueOrder ?? "fair")
    const { maxConcurrent } = config
    // An operator's word holds until the configuration says something else of the limit.
    const isSameLimit = Equal.equals(context.config?.maxConcurrent, maxConcurrent)
    const limit = isSameLimit ? unchanged : takeMode(context, maxConcurrent)
    return { config, revision, removed: false, ...limit }
  },
  "channel.removed": () => ({ removed: true }),
  "channel.queued": ({ lanes }, fact) => {
    const { actor: _actor, type: _type, at, depth: _depth, lane: _lane, class: _class, ...waiter } = fact
    lanes.add({ ...waiter, queuedAt: at })
    return unchanged
  },
  "channel.acquired": acquired,
  "channel.settled": settled,
  "channel.reset": (_, { refilled }) => (refilled === true ? { rpm: null, tpm: null } : unchanged),
  "channel.rejected": () => unchanged,
  "channel.timed_out": leaveQueue,
  "channel.abandoned": leaveQueue,
  "channel.released": released,
  "channel.expired": (context, fact) => {
    const held = context.leases.get(fact.lease)
    return held === undefined ? unchanged : endLease(context, held, fact)
  },
  "channel.accepted": accepted,
  "channel.limit_adjusted": takeAdjustment,
  "channel.mode_changed": (context, { to }) => takeMode(context, to),
  "channel.learning_reset": forgetLearning,
  "channel.cooldown_started": ({ blockedModels, cooldowns }, fact) => {
    if (fact.model === undefined) return { cooldown: begin(fact), cooldowns: cooldowns + 1 }
    blockedModels[fact.model] = begin(fact)
    return unchanged
  },
  "channel.cooldown_extended": ({ cooldown, blockedModels }, fact) => {
    if (fact.model === undefined) return { cooldown: extend(cooldown, fact) }
    blockedModels[fact.model] = extend(ofModel(blockedModels, fact.model) ?? null, fact)
    return unchanged
  },
  "channel.cooldown_ended": cooldownEnded,
}
