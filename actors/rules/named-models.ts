import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { readModelPattern } from "@sluice/events/configuration/model-pattern.ts"
import type { Cooldown } from "./cooldown.ts"

/**
 * So many models that a channel serves only by a pattern are kept apart: their names are their callers' choice, and there is no end of them.
 *
 * The models that the configuration names are all kept apart beside them.
 */
export const unnamedMost = 32

/** So many facts at most make room for one. Source: L6. */
const displacedAtOnce = 200

const namesOf = new WeakMap<ChannelConfiguration, ReadonlySet<string>>()

/** Returns the models that a channel serves by their names. */
export const namedModels = (channel: ChannelConfiguration | null): ReadonlySet<string> => {
  if (channel === null) return new Set()
  const known = namesOf.get(channel)
  if (known !== undefined) return known
  const names = new Set(
    channel.models.flatMap((served) => {
      if (typeof served !== "string") return [served.from]
      const pattern = readModelPattern(served)
      return typeof pattern === "string" || pattern.isLiteral ? [served] : []
    }),
  )
  namesOf.set(channel, names)
  return names
}

/** What is known of models, by their names. It changes in place: the actor that holds it is its only owner. */
export type ByModel<T> = Record<string, T>

/** Makes what is known of models from what a snapshot says of them. A name that every object has is one like others. */
export const byModel = <T>(known: Readonly<Record<string, T>> = {}): ByModel<T> =>
  Object.assign(Object.create(null) as ByModel<T>, known)

/** Returns what is known of a model; nothing where only its name is one that every object has. */
export const ofModel = <T>(known: Readonly<Record<string, T>>, model: string): T | undefined =>
  Object.hasOwn(known, model) ? known[model] : undefined

/** Ends the cooldown of a model by its id. */
export const endOfModel = (cooldowns: ByModel<Cooldown>, id: string): void => {
  for (const model in cooldowns) if (cooldowns[model]?.id === id) delete cooldowns[model]
}

/** Returns the cooldowns that end so that the one of another model can begin: the oldest of models that the channel does not name, where there are too many. Source: C5. */
export const displacedBy = (
  cooldowns: Readonly<Record<string, Cooldown>>,
  model: string,
  channel: ChannelConfiguration | null,
): ReadonlyArray<Cooldown> => {
  const names = namedModels(channel)
  if (names.has(model)) return []
  const unnamed = Object.entries(cooldowns).filter(([name]) => !names.has(name))
  const excess = unnamed.length + 1 - unnamedMost
  if (excess <= 0) return []
  return unnamed
    .map(([, cooldown]) => cooldown)
    .toSorted((one, other) => one.startedAt - other.startedAt)
    .slice(0, Math.min(excess, displacedAtOnce))
}
