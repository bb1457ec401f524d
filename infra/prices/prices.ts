import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { ModelPrice } from "@sluice/events/configuration/price.ts"
import { Effect } from "effect"
import { InvalidPrices, parsePriceList } from "./price-list.ts"

/** The day of the built-in list prices. Source: README.md beside this file. */
export const snapshotDate = "2026-07-15"

/** What models cost. */
export interface PriceTable {
  /** Names this very table, in each fact that rests on it: the day of the snapshot, and of which content the override was. */
  readonly version: string
  /** Returns the list price of a model; without one, its usage is recorded as not priced (D2). */
  readonly priceOf: (model: string) => ModelPrice | undefined
}

/**
 * Loads the built-in list prices, those of the simulated models, and over them those of a file.
 *
 * Fails: `InvalidPrices` where the override cannot be read or used.
 * Source: P8.
 */
export const loadPrices = Effect.fnUntraced(function* (options: { readonly overrideFile?: string } = {}) {
  const { overrideFile } = options
  const builtIn = yield* readList(new URL(`${snapshotDate}.json`, import.meta.url))
  const simulated = yield* readList(new URL("demo.json", import.meta.url))
  const override = overrideFile === undefined ? undefined : yield* readList(overrideFile)
  const version = override === undefined ? snapshotDate : `${snapshotDate}+${override.digest}`
  return priceTable(version, [override?.prices ?? new Map(), simulated.prices, builtIn.prices])
})

/**
 * Makes a table of lists, of which an earlier one goes before a later one.
 *
 * A model is looked up by its name as it is, then without its provider's prefix (`openai/…`, `models/…`), then without a date or
 * `-latest` at its end.
 */
export const priceTable = (
  version: string,
  lists: ReadonlyArray<ReadonlyMap<string, ModelPrice>>,
): PriceTable => {
  const layers = lists.map(withBareNames)
  const priceOf = (model: string): ModelPrice | undefined => {
    const bare = model.replace(providerPrefix, "")
    for (const name of [model, bare, bare.replace(dateAtEnd, "")])
      for (const prices of layers) {
        const price = prices.get(name)
        if (price !== undefined) return price
      }
    return undefined
  }
  return { version, priceOf }
}

const providerPrefix = /^(?:openai|anthropic|gemini|google|models)\//u
const dateAtEnd = /(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8})|-latest)$/u

const withBareNames = (prices: ReadonlyMap<string, ModelPrice>): ReadonlyMap<string, ModelPrice> =>
  new Map([
    ...[...prices].map(([model, price]) => [model.replace(providerPrefix, ""), price] as const),
    ...prices,
  ])

const readList = Effect.fnUntraced(function* (file: string | URL) {
  const name = String(file)
  const json = yield* Effect.tryPromise({
    try: () => readFile(file, "utf8"),
    catch: () => new InvalidPrices({ file: name, problems: ["cannot be read"] }),
  })
  const prices = yield* Effect.fromResult(parsePriceList(name, json))
  return { prices, digest: createHash("sha256").update(json).digest("hex").slice(0, 8) }
})
