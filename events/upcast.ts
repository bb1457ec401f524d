/** A fact as it was written, under whatever schema. */
type Written = Readonly<Record<string, unknown>>

/** Reads facts of one schema number as the next one has them. */
type Upcast = (fact: Written) => Written

/** Until schema 2 an adjustment of a limit did not tell how much of it was used, nor how much evidence there was. */
const fromFirst: Upcast = (fact) => {
  if (fact["type"] !== "account.limit_adjusted") return fact
  const { inFlight, from } = fact
  return { ...fact, utilization: Number(inFlight) / Math.max(1, Number(from)), samples: 0 }
}

/** By the schema number that they read. */
const upcasts: ReadonlyMap<number, Upcast> = new Map([[1, fromFirst]])

/**
 * Reads the facts of a commit of an older schema as the newest one has them, one number at a time; of any other it changes nothing.
 *
 * Source: L13: a type is never changed in meaning, so what an old fact did not say is made from what it did.
 */
export const upcast = (commit: unknown): unknown => {
  if (typeof commit !== "object" || commit === null || !("schema" in commit) || !("facts" in commit))
    return commit
  let { schema, facts } = commit
  for (let step = upcasts.get(Number(schema)); step !== undefined; step = upcasts.get(Number(schema))) {
    if (!Array.isArray(facts)) return commit
    facts = facts.map(step)
    schema = Number(schema) + 1
  }
  return schema === commit.schema ? commit : { ...commit, schema, facts }
}
