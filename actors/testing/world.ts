import type { ChannelFact } from "@sluice/events/channel.ts"
import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { isAdaptive, type LimitMode } from "@sluice/events/configuration/adaptive-limit.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Classification, Estimate } from "@sluice/events/field.ts"

/** An attempt that holds a slot, as its facts say. */
export interface InFlight {
  readonly lease: string
  readonly request: string
  readonly account: string
  readonly client: string
  readonly model: string
  readonly session: string | undefined
  readonly estimate: Estimate
  readonly costNanoUsd: number
  readonly at: number
  /** The credential that it goes with. */
  readonly credential: string | undefined
  /** What it took from the account's bucket of tokens. */
  takenTokens: number
  isMetered: boolean
}

/** A request in the queue, as the fact of its arrival says. */
export type InQueue = Extract<ChannelFact, { type: "channel.queued" }>

/** What a bucket gave, or got back where the amount is negative, and how large it was then. */
export interface Charge {
  readonly at: number
  readonly amount: number
  readonly perMinute: number
  readonly burst: number
}

/** A cooldown that has begun and not ended. */
export interface InForce {
  readonly actor: string
  readonly id: string
  readonly model: string | undefined
  readonly classification: Classification | undefined
  until: number
}

/** A session that is registered on an account. */
export interface Registered {
  readonly account: string
  readonly session: string
  readonly stay: string
  lastSeenAt: number
  hasSucceeded: boolean
}

/** An account, as its facts say. */
export interface KnownAccount {
  readonly id: string
  config: AccountConfiguration
  burstSeconds: number
  credential: string | undefined
  isRemoved: boolean
  isSuspended: boolean
  seen: number
  lowered: number | null
  ramp: number | null
  gateUntil: number | null
  /** From when on a request may test it while it fails; a failing account of an older log is not tested. */
  testAt: number | null
  /** The attempt that tests it. */
  testedBy: string | null
  window: { readonly start: number; readonly end: number } | null
  readonly rpm: Array<Charge>
  readonly tpm: Array<Charge>
  readonly costs: Array<{ readonly at: number; readonly nanoUsd: number }>
}

/**
 * What the facts so far say of a channel and its accounts, in plain lists: the naive model that the actors are held to.
 *
 * It shares no code with the actors.
 */
export interface World {
  channel: ChannelConfiguration | null
  isRemoved: boolean
  accounts: ReadonlyArray<KnownAccount>
  inFlight: ReadonlyArray<InFlight>
  /** In the order in which they came into the queue. */
  queue: ReadonlyArray<InQueue>
  cooldowns: ReadonlyArray<InForce>
  sessions: ReadonlyArray<Registered>
  readonly rpm: Array<Charge>
  readonly tpm: Array<Charge>
}

/** A world in which nothing has happened yet. */
export const emptyWorld = (): World => ({
  channel: null,
  isRemoved: false,
  accounts: [],
  inFlight: [],
  queue: [],
  cooldowns: [],
  sessions: [],
  rpm: [],
  tpm: [],
})

/** Returns how much a bucket holds at most: `burstSeconds` worth, at least one piece. Source: C1. */
export const burstOf = (perMinute: number, burstSeconds: number): number =>
  Math.max(1, (perMinute / 60) * burstSeconds)

/** Returns an account of the world. */
export const accountIn = (world: World, id: string): KnownAccount => {
  const account = world.accounts.find((one) => one.id === id)
  if (account === undefined) throw new Error(`no account ${id}`)
  return account
}

/** Returns a limit as configured; the histories have none that is learned. */
export const fixedIn = (limit: LimitMode): number | null => {
  if (isAdaptive(limit)) throw new Error("a learned limit in a history")
  return limit
}
