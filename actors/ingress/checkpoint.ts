import type { CheckpointFact } from "@sluice/events/checkpoint.ts"
import { checkpointOf, known, statesIn } from "../group/checkpoint-parts.ts"
import { machineHashOf } from "../group/snapshot.ts"
import { createIngress, type IngressActor, ingressMachine, ingressSnapshot, newIngress } from "./machine.ts"

/** Counts the changes of what a checkpoint holds that are more than a new field. */
const shape = 1

const machineHash = machineHashOf(ingressMachine)

/** Returns the whole state of an ingress process as facts. Source: L5, L13. */
export const checkpointIngress = (
  ingress: IngressActor,
  { actor, at }: { readonly actor: string; readonly at: number },
): ReadonlyArray<CheckpointFact> => {
  const { value, context } = ingressSnapshot(ingress)
  const state = { actor, type: "ingress.checkpointed", value, context: { ...context } } as const
  return checkpointOf([state], { at, shape, machineHash })
}

/** Makes the ingress process again whose state `checkpointIngress` gave; `undefined` where later code wrote it. Source: L11. */
export const ingressFromCheckpoint = (facts: ReadonlyArray<CheckpointFact>): IngressActor | undefined => {
  const [state] = statesIn(facts)
  if (state === undefined || facts.some((fact) => fact.shape > shape)) return undefined
  const value = state.value === "running" ? "running" : "stopped"
  return createIngress({ value, context: known(newIngress, state.context) })
}
