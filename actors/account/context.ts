import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { Estimate } from "@sluice/events/field.ts"
import { type LearnedRates, noRates } from "../adaptive/rate.ts"
import { noUse, type RecentUse } from "../adaptive/recent-use.ts"
import { type LimitHolder, noAdjustments, noRejections, type Sent } from "../limit/learned-limit.ts"
import type { Cooldown } from "../rules/cooldown.ts"
import { Leases } from "../rules/leases.ts"
import { type ByModel, byModel } from "../rules/named-models.ts"
import type { Probe } from "../rules/probe.ts"
import { Sessions } from "../rules/sessions.ts"
import type { SlowStart } from "../rules/slow-start.ts"
import type { TokenBucket } from "../rules/token-bucket.ts"
import type { CostWindow, MinuteCost, WindowState } from "../rules/window.ts"

/** A slot of the account, held by one attempt. Source: A9. */
export interface AccountLease extends Sent {
  readonly client: string
  readonly model: string
  readonly session: string | null
  /** Names the credential that it goes with. Source: C7. */
  readonly credential: string | null
  readonly estimate: Estimate
  readonly estimatedCostNanoUsd: number
  /** What it took from the account's bucket of tokens; nothing where there was none. Source: C1. */
  readonly takenTokens: number
  /** True if its usage is recorded. Source: D3. */
  readonly metered: boolean
}

/** All that an account's facts say about it. `leases`, `sessions` and what is known of models change in place: the actor is their only owner. */
export interface AccountContext extends LimitHolder {
  readonly config: AccountConfiguration | null
  readonly channel: string
  /** How many seconds' worth its buckets hold. Source: C1. */
  readonly burstSeconds: number
  /** Names its credential; `null` where none is known of. Source: C7. */
  readonly credential: string | null
  readonly revision: number
  readonly removed: boolean
  readonly leases: Leases<AccountLease>
  readonly sessions: Sessions
  readonly lastUsedAt: number
  /** How many requests it has carried, up to where more tell nothing new. Source: F11. */
  readonly seen: number
  readonly cooldown: Cooldown | null
  /** The cooldowns of single models. Source: C3. */
  readonly modelCooldowns: ByModel<Cooldown>
  /** How many cooldowns in a row each model has had, without a success of it between them. Source: C4. */
  readonly modelCounts: ByModel<number>
  /** How many cooldowns in a row, without a success between them. Source: C4. */
  readonly consecutive: number
  /** When the last of them ended. */
  readonly cooledAt: number
  readonly ramp: SlowStart | null
  /** The rates that were found out, and what was carried lately. Source: F7. */
  readonly rates: LearnedRates
  readonly use: RecentUse
  /** Nothing is sent until an attempt ends, or until then. Source: C3. */
  readonly gateUntil: number | null
  /** How many rejections for concurrency in a row. */
  readonly gates: number
  /** What a rejection for concurrency has left of a fixed limit, since when. Source: C3. */
  readonly lowered: SlowStart | null
  /** How many attempts in a row have failed. Source: C7. */
  readonly failures: number
  /** The bodies that were refused for the credential or its rights, without a success since. Source: C7. */
  readonly refusals: ReadonlyArray<string>
  readonly suspended: boolean
  readonly rpm: TokenBucket | null
  readonly tpm: TokenBucket | null
  readonly window: CostWindow | null
  readonly windowState: WindowState
  /** What was recorded in the window. */
  readonly windowCostNanoUsd: number
  /** What those in flight are expected to cost. Source: D5. */
  readonly heldCostNanoUsd: number
  /** What each minute of the last ten hours has cost. Source: D6. */
  readonly costs: ReadonlyArray<MinuteCost>
  /** How it is tested while it fails. Older states do not tell it. Source: C7. */
  readonly probe: Probe | undefined
}

/** Returns an account to which nothing has happened yet. */
export const newAccount = (): AccountContext => ({
  config: null,
  channel: "",
  burstSeconds: 0,
  credential: null,
  revision: 0,
  removed: false,
  leases: new Leases(),
  sessions: new Sessions(),
  lastUsedAt: 0,
  seen: 0,
  cooldown: null,
  modelCooldowns: byModel(),
  modelCounts: byModel(),
  consecutive: 0,
  cooledAt: 0,
  ramp: null,
  mode: null,
  learning: null,
  unknowns: 0,
  rejections: noRejections,
  rates: noRates,
  use: noUse,
  adjustments: noAdjustments,
  gateUntil: null,
  gates: 0,
  lowered: null,
  failures: 0,
  refusals: [],
  suspended: false,
  rpm: null,
  tpm: null,
  window: null,
  windowState: "open",
  windowCostNanoUsd: 0,
  heldCostNanoUsd: 0,
  costs: [],
  probe: undefined,
})
