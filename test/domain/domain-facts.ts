import type { Fact } from "@sluice/events/commit.ts"
import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { Schema } from "effect"

const day = "2026-11-20"

/** A time of that day, such as `08:05`. */
export const at = (time: string): number => Date.parse(`${day}T${time}Z`)

/** How an answer shows such a time. */
export const shown = (time: string): string => `${day}T${time}:00.000Z`

/** Whose facts they are. */
export const channel = "openai"

/** Its account. */
export const actor = "account/key-1"
const limitNanoUsd = 10_000_000_000

const leaseOf = (name: string) => ({ request: `request-${name}`, attempt: 1, lease: `lease-${name}` })

/** A window of cost opens, as the account learns at a time. */
export const opened = (
  time: string,
  { start, end, source }: { start: string; end: string; source: "hour" | "official" },
): Fact => ({
  actor,
  type: "account.window_opened",
  at: at(time),
  start: at(start),
  end: at(end),
  source,
  limitNanoUsd,
})

/** A window reaches a state. */
export const reached = (
  time: string,
  { start, state }: { start: string; state: "open" | "sticky_only" | "exhausted" },
): Fact => ({
  actor,
  type: "account.window_state",
  at: at(time),
  start: at(start),
  state,
  costNanoUsd: 1,
  limitNanoUsd,
})

/** An attempt costs so much by the list. Units: USD. */
export const used = (time: string, usd: number): Fact => ({
  actor,
  type: "account.usage_recorded",
  at: at(time),
  ...leaseOf(time),
  client: "app",
  model: "gpt",
  tokens: { input: 10, output: 20, cacheRead: 3, cacheWrite5m: 2, cacheWrite1h: 1, reasoning: 5 },
  standardCostNanoUsd: usd * 1e9,
  costNanoUsd: usd * 3e9,
  multiplier: 3,
  priced: true,
  complete: true,
  estimated: false,
  prices: "2026-11-01",
})

/** An attempt gets its two slots, which brings channel and account to so many in flight. */
export const acquired = (
  time: string,
  { inFlight, accountInFlight, session }: { inFlight: number; accountInFlight: number; session?: string },
): ReadonlyArray<Fact> => {
  const shared = { at: at(time), ...leaseOf(time), class: "new", client: "app", model: "gpt" } as const
  return [
    {
      actor: `channel/${channel}`,
      type: "channel.acquired",
      ...shared,
      account: "key-1",
      waitMs: 0,
      inFlight,
    },
    {
      actor,
      type: "account.acquired",
      ...shared,
      ...(session === undefined ? {} : { session }),
      inFlight: accountInFlight,
      estimate: { inputTokens: 1, outputTokens: 1 },
    },
  ]
}

/** The channel is configured. */
export const configuredChannel = (time: string, maxConcurrent: number | null): Fact => ({
  actor: `channel/${channel}`,
  type: "channel.configured",
  at: at(time),
  config: Schema.decodeSync(ChannelConfiguration)({
    id: channel,
    protocol: "openai",
    baseUrl: "https://upstream.example",
    models: ["gpt"],
    maxConcurrent,
  }),
  revision: 1,
  by: "file",
})

/** The account is configured. Units: `limitUsd` of a window. */
export const configuredAccount = (
  time: string,
  {
    concurrency,
    limitUsd,
  }: { concurrency: Exclude<typeof AccountConfiguration.Encoded.concurrency, undefined>; limitUsd: number },
): Fact => ({
  actor,
  type: "account.configured",
  at: at(time),
  config: Schema.decodeSync(AccountConfiguration)({ id: "key-1", concurrency, windowCost: { limitUsd } }),
  channel,
  revision: 1,
  by: "file",
})

/** What is found of the account's limit. */
export const adjusted = (time: string, { from, to }: { from: number; to: number }): Fact => ({
  actor,
  type: "account.limit_adjusted",
  at: at(time),
  from,
  to,
  reason: to < from ? "rejected" : "accepted",
  inFlight: from,
  utilization: 1,
  samples: 12,
  classification: to < from ? "concurrency" : null,
})

/** An operator makes the account's limit a number, or one that is learned; `limit` is what is in force then. */
export const switched = (time: string, { to, limit }: { to: number | "adaptive"; limit: number }): Fact => ({
  actor,
  type: "account.mode_changed",
  at: at(time),
  by: "api:test",
  from: null,
  to: to === "adaptive" ? { adaptive: { algorithm: "bracket", initial: 8, min: 1, max: 200 } } : to,
  limit,
})

/** The story of a request ends with a code and a status. */
export const completed = (time: string, { code, status }: { code: string; status: number }): Fact => ({
  actor: "ingress/node-1",
  type: "request.completed",
  at: at(time),
  request: `request-${time}`,
  client: "app",
  protocol: "openai",
  path: "/v1/chat/completions",
  model: "gpt",
  pool: "gpt",
  streaming: false,
  arrivedAt: at(time),
  deadlineMs: null,
  estimate: { inputTokens: 1, outputTokens: 1 },
  maxTokens: null,
  candidates: [],
  attempts: [],
  channel: "",
  account: "",
  status,
  code,
  waitMs: 0,
  ttftMs: null,
  totalMs: 1,
  bytesIn: 1,
  bytesOut: 1,
})

/** So many requests were refused, and nobody knew who called. */
export const refusedUnknown = (time: string, count: number): Fact => ({
  actor: "ingress/node-1",
  type: "requests.refused",
  at: at(time),
  client: "",
  code: "invalid_client_key",
  status: 401,
  since: at(time),
  count,
})
