import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { Schema } from "effect"
import type { NetworkFaults } from "./world/network-faults.ts"

/** In safety mode faults never stop; in liveness mode they do, and then all that is under way has to end. */
export type Mode = "safety" | "liveness"

/** What happens to a world as a whole, from time to time. */
export const disasters = [
  "process_killed",
  "process_stopped",
  "process_frozen",
  "connection_lost",
  "server_killed",
  "leader_lost",
  "power_lost",
  "tail_lost",
  "projector_killed",
  "projector_doubled",
  "limits_changed",
  "killed_while_sending",
  "clock_set",
] as const
/** The name of one. */
export type Disaster = (typeof disasters)[number]

/** All that a seed decides before the first request. Units: milliseconds, shares. */
export interface FaultPlan {
  readonly seed: number
  readonly mode: Mode
  /** Faults come until then. */
  readonly faultyMs: number
  readonly isEmbedded: boolean
  readonly onLogUnavailable: "spool" | "refuse"
  readonly accounts: ReadonlyArray<{ readonly id: string; readonly concurrency: number }>
  /** `null` = the channel itself has no limit. */
  readonly channelLimit: number | null
  readonly queueSize: number
  readonly queueTimeoutMs: number
  readonly requestsPerS: number
  readonly clients: number
  readonly serviceMs: number
  /** How many of the requests belong to a session. */
  readonly inSession: number
  /** How many of the requests' clients leave before their end. */
  readonly leaving: number
  /** How many of the requests the providers refuse for no reason. */
  readonly noise: number
  readonly outages: ReadonlyArray<{ readonly fromS: number; readonly forS: number }>
  readonly network: NetworkFaults
  readonly failingDisk: number
  readonly failingTables: number
  /** Each disaster that can happen, and how long it is until it does, on average. */
  readonly disasters: ReadonlyMap<Disaster, number>
}

const faultyMs = 20_000

/** Draws a world and what goes wrong in it: of all kinds of faults some at a time, so that none hides the others. */
export const drawPlan = (seed: number, mode: Mode): FaultPlan => {
  const random = seededRandom(seed, "plan")
  const between = (from: number, to: number) => from + Math.floor(random() * (to - from + 1))
  const sometimes = (share: number, most: number) => (random() < share ? random() * most : 0)
  const isEmbedded = random() < 0.6
  const accounts = Array.from({ length: between(1, 3) }, (_, at) => ({
    id: `account-${at + 1}`,
    concurrency: between(1, 4),
  }))
  const slots = accounts.reduce((sum, { concurrency }) => sum + concurrency, 0)
  const serviceMs = between(150, 1_500)
  return {
    seed,
    mode,
    faultyMs,
    isEmbedded,
    onLogUnavailable: random() < 0.8 ? "spool" : "refuse",
    accounts,
    channelLimit: random() < 0.3 ? between(1, slots) : null,
    queueSize: between(2, 12),
    queueTimeoutMs: between(1_000, 6_000),
    requestsPerS: Math.min(12, ((0.1 + 1.4 * random()) * slots * 1_000) / serviceMs),
    clients: between(1, 3),
    serviceMs,
    inSession: sometimes(0.4, 1),
    leaving: sometimes(0.4, 0.3),
    noise: sometimes(0.3, 0.1),
    outages: random() < 0.2 ? [{ fromS: between(2, 10), forS: between(1, 4) }] : [],
    network: {
      latencyMs: between(1, 8),
      lost: sometimes(0.3, 0.05),
      unacknowledged: sometimes(0.4, 0.1),
      duplicated: sometimes(0.3, 0.1),
      late: sometimes(0.3, 0.05),
      lateMs: between(600, 10_000),
    },
    failingDisk: sometimes(0.3, 0.1),
    failingTables: sometimes(0.4, 0.1),
    disasters: drawDisasters(random),
  }
}

const drawDisasters = (random: () => number): ReadonlyMap<Disaster, number> => {
  const drawn = new Map<Disaster, number>()
  for (const disaster of disasters) {
    const isRare = disaster === "power_lost" || disaster === "tail_lost"
    const meanMs = 3_000 + random() * 17_000
    if (random() < (isRare ? 0.15 : 0.4)) drawn.set(disaster, meanMs)
  }
  return drawn
}

const decode = Schema.decodeUnknownSync(ConfigurationFile)

/** Names the one channel. */
export const channelId = "channel"

/** Writes the configuration of a plan; `limits` holds what the accounts are limited to now. */
export const configurationOf = (plan: FaultPlan, limits: ReadonlyArray<number>): ConfigurationFile =>
  decode({
    pools: [{ id: "pool", models: ["model"], tiers: [[channelId]], drainTimeoutMs: 1_000 }],
    channels: [
      {
        id: channelId,
        protocol: "openai",
        baseUrl: "http://virtual",
        models: ["model"],
        queueSize: plan.queueSize,
        queueTimeoutMs: plan.queueTimeoutMs,
        ...(plan.channelLimit === null ? {} : { maxConcurrent: plan.channelLimit }),
        accounts: plan.accounts.map(({ id, concurrency }, at) => ({
          id,
          credential: "env:VIRTUAL",
          concurrency: limits[at] ?? concurrency,
        })),
      },
    ],
  })
