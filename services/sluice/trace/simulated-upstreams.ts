import { readFile } from "node:fs/promises"
import { createRouter, createServedModels } from "@sluice/actors/routing/routing.ts"
import { isAdaptive, type LimitMode } from "@sluice/events/configuration/adaptive-limit.ts"
import type { DeclaredChannel } from "@sluice/events/configuration/configuration.ts"
import type { Protocol } from "@sluice/events/field.ts"
import { decodeFile } from "@sluice/infra/configuration/file/shape.ts"
import { parseYaml } from "@sluice/infra/configuration/file/yaml-source.ts"
import { Result, Schema } from "effect"
import { CommandFailed } from "../failure.ts"

/** What the simulated providers saw of a run, beside what Sluice may send them at once (`null` = unlimited). Source: A2. */
export interface UpstreamFigures {
  readonly peak: number
  readonly limit: number | null
}

/** The simulated providers that serve a model. */
export interface SimulatedUpstreams {
  /** Begins their counts anew. */
  reset(): Promise<void>
  figures(): Promise<UpstreamFigures>
}

const isStats = Schema.is(Schema.Struct({ peakInFlight: Schema.Int, requests: Schema.Int }))

/**
 * Finds the providers that a running proxy asks for a model.
 *
 * Fails: rejects with `CommandFailed` where one of them is none of Sluice's simulated ones, since a trace would cost real money there.
 */
export const simulatedUpstreams = async (asked: {
  readonly configuration: string
  readonly protocol: Protocol
  readonly model: string
}): Promise<SimulatedUpstreams> => {
  const channels = channelsOf(await readFile(asked.configuration, "utf8"), asked)
  if (channels.length === 0)
    throw new CommandFailed({
      message: `nothing in ${asked.configuration} serves ${asked.model} over the ${asked.protocol} protocol: choose with --model and --protocol`,
    })
  for (const channel of channels) await peakAt(channel)
  return {
    reset: async () => {
      for (const { baseUrl } of channels) await ask(`${baseUrl}/__stats/reset`, "POST")
    },
    figures: async () => {
      const peaks = await Promise.all(channels.map(peakAt))
      const limits = channels.map(limitOf)
      return {
        peak: peaks.reduce((sum, peak) => sum + peak, 0),
        limit: limits.reduce((sum, limit) => (sum === null || limit === null ? null : sum + limit), 0),
      }
    },
  }
}

const channelsOf = (
  text: string,
  { protocol, model }: { readonly protocol: Protocol; readonly model: string },
): ReadonlyArray<DeclaredChannel> => {
  const read = decodeFile(parseYaml(text).value)
  if (Result.isFailure(read)) return []
  const { pools, channels } = read.success
  const tiers = createRouter(pools, channels)(protocol, model)?.tiers.flat() ?? []
  return channels.filter(
    (channel) =>
      tiers.includes(channel.id) &&
      channel.enabled &&
      channel.protocol === protocol &&
      createServedModels(channel)(model) !== undefined,
  )
}

/** How many attempts a channel carries at once: its own limit, or that of its accounts together where that is lower. Source: A1, A3. */
const limitOf = ({ maxConcurrent, accounts }: DeclaredChannel): number | null => {
  const together = accounts
    .filter(({ enabled }) => enabled)
    .reduce<number>(
      (sum, { concurrency }) => sum + knownOf(concurrency),
      accounts.length === 0 ? Infinity : 0,
    )
  const limit = Math.min(knownOf(maxConcurrent), together)
  return limit === Infinity ? null : limit
}

/** One that is learned is not known before. */
const knownOf = (limit: LimitMode): number => (isAdaptive(limit) ? Infinity : (limit ?? Infinity))

const peakAt = async ({ id, baseUrl }: DeclaredChannel): Promise<number> => {
  const stats = await ask(`${baseUrl}/__stats`, "GET")
  if (isStats(stats)) return stats.peakInFlight
  throw new CommandFailed({
    message: `channel ${id} at ${baseUrl} is no simulated provider: a trace is played against simulated ones only, such as those of the demo`,
  })
}

const answerTimeoutMs = 5_000

const ask = async (url: string, method: "GET" | "POST"): Promise<unknown> => {
  try {
    const answer = await fetch(url, { method, signal: AbortSignal.timeout(answerTimeoutMs) })
    return await answer.json()
  } catch {
    // Nobody there, or someone who speaks no JSON: no simulated provider either way.
    return undefined
  }
}
