import type { Applicant, Configure, Meter, Release } from "@sluice/actors/decisions/command.ts"
import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { Schema } from "effect"

/** How wide a channel is. */
export interface ChannelShape {
  readonly accounts: number
  /** How many clients take turns. */
  readonly clients: number
  /** How many attempts it carries at once. */
  readonly slots: number
}

/** A slot that was granted to an attempt. */
export interface Held {
  readonly lease: string
  readonly account: string
}

const decodeChannel = Schema.decodeUnknownSync(ChannelConfiguration)
const decodeAccount = Schema.decodeUnknownSync(AccountConfiguration)
const model = "bench-model"

/** The waits are bounded, as in production, but never over while a bench runs. */
const queueTimeoutMs = 1_000_000_000

/** Makes a channel of a shape; its accounts have more slots together than the channel itself. */
export const configure = (id: string, { accounts, slots }: ChannelShape): Configure => ({
  type: "configure",
  channel: decodeChannel({
    id,
    protocol: "openai",
    baseUrl: "http://127.0.0.1:1",
    models: [model],
    maxConcurrent: slots,
    queueSize: 1_000_000,
    queueTimeoutMs,
  }),
  accounts: Array.from({ length: accounts }, (_, index) =>
    decodeAccount({ id: `${id}-key-${index}`, concurrency: Math.ceil((2 * slots) / accounts) }),
  ),
  credentials: new Map(),
  by: "file",
})

/** The nth request of all. */
export const applicant = (request: number, { clients }: ChannelShape, arrivedAt: number): Applicant => ({
  request: `01K9ZQ4C8M7R5T2V6X${request.toString(36).padStart(8, "0")}`,
  attempt: 1,
  client: `client-${request % clients}`,
  weight: 1,
  model,
  estimate: { inputTokens: 12, outputTokens: 256 },
  arrivedAt,
})

/** What an attempt used that went well. */
export const meter = (held: Held): Meter => ({
  type: "meter",
  ...held,
  model,
  tokens: { input: 12, output: 48, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  standardCostNanoUsd: 510_000,
  priced: true,
  prices: "bench",
  complete: true,
  estimated: false,
})

/** The end of an attempt that went well. */
export const release = (held: Held, endedAt: number): Release => ({
  type: "release",
  ...held,
  outcome: "ok",
  status: 200,
  ttftMs: 180,
  endedAt,
  dispatched: true,
  jitter: 0,
})
