import type { CheckpointFact } from "@sluice/events/checkpoint.ts"

/** The state of one actor as JSON. */
export interface ActorState {
  readonly actor: string
  readonly type: CheckpointFact["type"]
  readonly value: unknown
  readonly context: Readonly<Record<string, unknown>>
}

type Context = Record<string, unknown>

/** A fact of more characters than these is cut where a list allows it: a quarter of what one commit may hold. Source: L6. */
const partMax = 64 * 1024

const lengthOf = (value: unknown): number => (JSON.stringify(value) ?? "").length

/** Cuts what an actor holds: what is no list stands in the first part, and lists go on in the next ones. */
const cutContext = (context: Context): ReadonlyArray<Context> => {
  const entries = Object.entries(context)
  const first = Object.fromEntries(entries.filter(([, value]) => !Array.isArray(value)))
  const parts = [first]
  let part = first
  let length = lengthOf(first)
  for (const [key, list] of entries) {
    if (!Array.isArray(list)) continue
    let slice: Array<unknown> = []
    part[key] = slice
    for (const item of list) {
      const more = lengthOf(item)
      if (length > 0 && length + more > partMax) {
        slice = []
        part = { [key]: slice }
        parts.push(part)
        length = 0
      }
      slice.push(item)
      length += more
    }
  }
  return parts
}

/** Makes the facts of a checkpoint from the states of a subject's actors. Source: L5. */
export const checkpointOf = (
  states: ReadonlyArray<ActorState>,
  told: { readonly at: number; readonly shape: number; readonly machineHash: string },
): ReadonlyArray<CheckpointFact> => {
  const cut = states.flatMap(({ context, ...state }) =>
    cutContext(context).map((part) => ({ ...state, context: part })),
  )
  return cut.map((state, part) => ({ ...state, ...told, part, parts: cut.length }))
}

/** Returns the states again of which `checkpointOf` made facts. */
export const statesIn = (facts: ReadonlyArray<CheckpointFact>): ReadonlyArray<ActorState> =>
  [...Map.groupBy(facts, ({ actor }) => actor)].flatMap(([actor, [first, ...rest]]) => {
    if (first === undefined) return []
    const context: Context = { ...first.context }
    for (const { context: more } of rest)
      for (const [key, list] of Object.entries<unknown>(more)) {
        const begun = context[key]
        context[key] = Array.isArray(begun) && Array.isArray(list) ? [...begun, ...list] : list
      }
    return [{ actor, type: first.type, value: first.value, context }]
  })

/** Returns what a state says in the fields that this code knows; those that it does not have are as in a new actor. */
export const known = <Of extends object>(fresh: Of, context: ActorState["context"]): Of =>
  Object.fromEntries(
    Object.entries(fresh).map(([key, value]) => [key, key in context ? context[key] : value]),
  ) as Of
