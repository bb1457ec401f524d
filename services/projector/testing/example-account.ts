import type { AccountFact } from "@sluice/events/account.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { Schema } from "effect"
import { holdMs, model, type Example } from "./example-request.ts"

/** Configures the channel and its account; the limit of the last one is learned. */
export const configuredFacts = ({ at, channel, account }: Example): ReadonlyArray<Fact> => [
  {
    actor: actorName("channel", channel),
    type: "channel.configured",
    at,
    config: Schema.decodeSync(ChannelConfiguration)({
      id: channel,
      protocol: "openai",
      baseUrl: "https://upstream.example",
      models: [model],
      maxConcurrent: 2,
      queueSize: 5,
    }),
    revision: 1,
    by: "file",
  },
  {
    actor: actorName("account", account),
    type: "account.configured",
    at,
    config: Schema.decodeSync(AccountConfiguration)({
      id: account,
      concurrency: account === "key-3" ? { adaptive: { initial: 4 } } : 4,
      windowCost: { limitUsd: 12.5 },
    }),
    channel,
    revision: 1,
    by: "file",
  },
]

const windowLimitNanoUsd = 12_500_000_000
const windowMs = 5 * 3_600_000

/** The window of each account begins with its hour; then the first account's official one turns out to be another. */
export const windowFacts = ({ at, account, number, isFirst }: Example): ReadonlyArray<AccountFact> => {
  const actor = actorName("account", account)
  const hour = Date.UTC(2026, 9, 31, 23)
  const official = Date.UTC(2026, 9, 31, 22, 10)
  const opened = { actor, type: "account.window_opened", at, limitNanoUsd: windowLimitNanoUsd } as const
  if (isFirst) return [{ ...opened, start: hour, end: hour + windowMs, source: "hour" }]
  if (number === 20) return [{ ...opened, start: official, end: official + windowMs, source: "official" }]
  if (number !== 40) return []
  const state = {
    state: "sticky_only",
    costNanoUsd: 13_000_000_000,
    limitNanoUsd: windowLimitNanoUsd,
  } as const
  return [{ actor, type: "account.window_state", at, start: official, ...state }]
}

/** The limit of the account of three requests is changed by what was found, by an operator, and back to where it began. */
export const adjustmentFacts = ({ at, account, number }: Example): ReadonlyArray<AccountFact> => {
  const actor = actorName("account", account)
  const by = "api:example"
  const learned = { adaptive: { algorithm: null, initial: 4, min: 1, max: 50 } }
  if (number === 24)
    return [
      {
        actor,
        type: "account.limit_adjusted",
        at,
        from: 4,
        to: 3,
        reason: "rejected",
        inFlight: 3,
        utilization: 0.75,
        samples: 7,
        classification: "concurrency",
      },
    ]
  if (number === 25) return [{ actor, type: "account.mode_changed", at, by, from: 4, to: learned, limit: 4 }]
  return number === 26 ? [{ actor, type: "account.learning_reset", at, by, from: 9, to: 4 }] : []
}

const stayOf = ({ account, number }: Example) =>
  ({ actor: actorName("account", account), stay: `stay-${number}` }) as const

/** Registers the session of an example that has one. */
export const registeredFacts = (example: Example): ReadonlyArray<AccountFact> => {
  const { at, session } = example
  return session === undefined
    ? []
    : [{ ...stayOf(example), type: "account.session_registered", at, session }]
}

/** Ends each stay but the first, long after its request. */
export const stayEndedFacts = (example: Example): ReadonlyArray<AccountFact> => {
  const { at, session, number } = example
  if (session === undefined || number === 2) return []
  const ended = { ...stayOf(example), at: at + holdMs + 300_000, session, lastSeenAt: at + holdMs }
  return number % 20 === 2
    ? [{ ...ended, type: "account.session_expired" }]
    : [{ ...ended, type: "account.session_released", reason: "unbound" }]
}
