import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import { actorName } from "@sluice/events/identifier.ts"
import { checkpointOf, statesIn } from "../group/checkpoint-parts.ts"
import type { Configured, StoredConfiguration } from "./configuration.ts"

/** Counts the changes of what a checkpoint holds that are more than a new field. */
const shape = 1

/** It is folded without a machine. */
const machineHash = "folded"

type Stored<T> = ReadonlyArray<Configured<T> & { readonly id: string }>

const listed = <T>(objects: ReadonlyMap<string, Configured<T>>): Stored<T> =>
  [...objects].map(([id, object]) => ({ id, ...object }))

const byId = <T>(objects: Stored<T> = []): ReadonlyMap<string, Configured<T>> =>
  new Map(objects.map(({ id, ...object }) => [id, object]))

/** Returns all pools, clients and settings as facts, removed ones with their revisions. Source: L5, L13. */
export const checkpointConfiguration = (
  { pools, clients, settings }: StoredConfiguration,
  at: number,
): ReadonlyArray<CheckpointFact> => {
  const actor = actorName("settings", "installation")
  const context = {
    pools: listed(pools),
    clients: listed(clients),
    settings: settings === undefined ? [] : [{ id: "installation", ...settings }],
  }
  return checkpointOf([{ actor, type: "configuration.checkpointed", value: null, context }], {
    at,
    shape,
    machineHash,
  })
}

/** Makes what `checkpointConfiguration` gave again; `undefined` where later code wrote it. Source: L11. */
export const configurationFromCheckpoint = (
  facts: ReadonlyArray<CheckpointFact>,
): StoredConfiguration | undefined => {
  const [state] = statesIn(facts)
  if (state === undefined || facts.some((fact) => fact.shape > shape)) return undefined
  const { pools, clients, settings } = state.context as Extract<
    CheckpointFact,
    { type: "configuration.checkpointed" }
  >["context"]
  const [installation] = byId(settings).values()
  return { pools: byId(pools), clients: byId(clients), settings: installation }
}
