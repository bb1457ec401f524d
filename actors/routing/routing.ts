import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { PoolConfiguration } from "@sluice/events/configuration/configuration.ts"
import { type ModelPattern, readModelPattern } from "@sluice/events/configuration/model-pattern.ts"
import type { Protocol } from "@sluice/events/field.ts"

interface PoolPattern extends Pick<ModelPattern, "matches" | "literalLength"> {
  readonly pool: PoolConfiguration
}

/**
 * Chooses the pool of a request: of several that match, the longest literal pattern, then the first in the file.
 *
 * A pool that has a channel of the protocol goes before one that has none. Names are not remembered, since callers choose them.
 * Source: B1.
 */
export const createRouter = (
  pools: ReadonlyArray<PoolConfiguration>,
  channels: ReadonlyArray<Pick<ChannelConfiguration, "id" | "protocol">>,
): ((protocol: Protocol, model: string) => PoolConfiguration | undefined) => {
  const protocols = new Map(channels.map(({ id, protocol }) => [id, protocol]))
  const literals = new Map<string, PoolConfiguration[]>()
  const globs: PoolPattern[] = []
  for (const pool of pools)
    for (const name of pool.models) {
      const { isLiteral, literalLength, matches } = patternOf(name)
      if (!isLiteral) globs.push({ pool, literalLength, matches })
      else if (literals.get(name)?.push(pool) === undefined) literals.set(name, [pool])
    }
  globs.sort((one, other) => other.literalLength - one.literalLength)
  const speaks = (pool: PoolConfiguration, protocol: Protocol) =>
    pool.tiers.some((tier) => tier.some((channel) => protocols.get(channel) === protocol))
  return (protocol, model) => {
    const named = literals.get(model)
    let found = named?.[0]
    for (const pool of named ?? []) if (speaks(pool, protocol)) return pool
    for (const { pool, matches } of globs) {
      if (!matches(model)) continue
      if (speaks(pool, protocol)) return pool
      found ??= pool
    }
    return found
  }
}

/** Tells which models a channel serves, by the upstream's name of each. Source: B1. */
export const createServedModels = (
  channel: ChannelConfiguration,
): ((model: string) => string | undefined) => {
  const globs: Array<ModelPattern["matches"]> = []
  const literals = new Map<string, string>()
  for (const served of channel.models) {
    if (typeof served !== "string") literals.set(served.from, served.to)
    else {
      const { isLiteral, matches } = patternOf(served)
      if (isLiteral) literals.set(served, served)
      else globs.push(matches)
    }
  }
  return (model) => literals.get(model) ?? (globs.some((matches) => matches(model)) ? model : undefined)
}

/** What is no pattern is a name: a configuration with such a one is refused, and an older log may hold one. */
const patternOf = (written: string): ModelPattern => {
  const read = readModelPattern(written)
  if (typeof read !== "string") return read
  return { isLiteral: true, literalLength: written.length, matches: (model) => model === written }
}
