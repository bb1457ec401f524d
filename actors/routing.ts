import type { ChannelConfiguration } from "@sluice/events/channel-configuration.ts"
import type { PoolConfiguration } from "@sluice/events/configuration.ts"
import type { Protocol } from "@sluice/events/field.ts"
import picomatch from "picomatch"

/** How many model names a router keeps the pool of; a caller may ask for any name. */
const rememberedModelsMax = 10_000

interface Pattern {
  readonly pool: PoolConfiguration
  readonly matches: (model: string) => boolean
  readonly literalLength: number
}

/**
 * Chooses the pool of a request: of several that match, the longest literal pattern, then the first in the file.
 *
 * A pool that has a channel of the protocol goes before one that has none. Source: B1.
 */
export const createRouter = (
  pools: ReadonlyArray<PoolConfiguration>,
  channels: ReadonlyArray<Pick<ChannelConfiguration, "id" | "protocol">>,
): ((protocol: Protocol, model: string) => PoolConfiguration | undefined) => {
  const protocols = new Map(channels.map(({ id, protocol }) => [id, protocol]))
  const patterns = pools.flatMap((pool) => pool.models.map((model) => compile(pool, model)))
  const remembered = new Map<string, PoolConfiguration | undefined>()
  const speaks = (pool: PoolConfiguration, protocol: Protocol) =>
    pool.tiers.some((tier) => tier.some((channel) => protocols.get(channel) === protocol))
  const find = (protocol: Protocol, model: string) => {
    const matching = patterns
      .filter(({ matches }) => matches(model))
      .toSorted((one, other) => other.literalLength - one.literalLength)
    return (matching.find(({ pool }) => speaks(pool, protocol)) ?? matching[0])?.pool
  }
  return (protocol, model) => {
    const key = `${protocol} ${model}`
    if (remembered.has(key)) return remembered.get(key)
    if (remembered.size >= rememberedModelsMax) remembered.clear()
    const pool = find(protocol, model)
    remembered.set(key, pool)
    return pool
  }
}

/** Tells which models a channel serves, by the upstream's name of each. Source: B1. */
export const createServedModels = (
  channel: ChannelConfiguration,
): ((model: string) => string | undefined) => {
  const globs = channel.models.flatMap((served) =>
    typeof served === "string" && isGlob(served) ? [matcher(served)] : [],
  )
  const remembered = new Map<string, string | undefined>(
    channel.models.map((served) =>
      typeof served === "string" ? [served, served] : [served.from, served.to],
    ),
  )
  return (model) => {
    if (remembered.has(model)) return remembered.get(model)
    if (remembered.size >= rememberedModelsMax)
      return globs.some((matches) => matches(model)) ? model : undefined
    remembered.set(model, globs.some((matches) => matches(model)) ? model : undefined)
    return remembered.get(model)
  }
}

const isGlob = (pattern: string): boolean => /[*?[{(!]/.test(pattern)

/** A model's name may hold slashes, which are no folders: `*` crosses them. */
const matcher = (pattern: string): ((model: string) => boolean) =>
  picomatch(pattern, { bash: true, dot: true })

const compile = (pool: PoolConfiguration, model: string): Pattern => ({
  pool,
  matches: isGlob(model) ? matcher(model) : (name) => name === model,
  literalLength:
    model.replaceAll(/[*?]|\[[^\]]*\]|\{[^}]*\}|\([^)]*\)/g, "").length + (isGlob(model) ? 0 : 1),
})
