import type { Configuration } from "@sluice/infra/configuration/configuration.ts"

/** How many model names the answer is kept of; a caller may name any. */
const rememberedModelsMax = 10_000

/** Returns how many tokens a model can write at most, as the price list says; of one that is mapped to several, the most. `undefined` where the list does not say. */
export const createMostOutput = ({
  wanted,
  prices,
}: Pick<Configuration, "wanted" | "prices">): ((model: string) => number | undefined) => {
  const mapped = Map.groupBy(
    wanted.channels.flatMap(({ models }) => models.filter((served) => typeof served !== "string")),
    ({ from }) => from,
  )
  const remembered = new Map<string, number | undefined>()
  const find = (model: string): number | undefined => {
    const names = [model, ...(mapped.get(model) ?? []).map(({ to }) => to)]
    const known = names.flatMap((name) => prices.priceOf(name)?.mostOutputTokens ?? [])
    return known.length === 0 ? undefined : Math.max(...known)
  }
  return (model) => {
    if (remembered.has(model)) return remembered.get(model)
    if (remembered.size >= rememberedModelsMax) remembered.clear()
    const most = find(model)
    remembered.set(model, most)
    return most
  }
}
