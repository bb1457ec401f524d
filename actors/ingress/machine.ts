import { actorName } from "@sluice/events/identifier.ts"
import type { IngressFact, RefusedCount, RequestCompleted } from "@sluice/events/ingress.ts"
import { assign, setup, type StateValue } from "xstate"
import { factLogic } from "../machine/fact-logic.ts"
import {
  changed,
  evolve as evolveActor,
  type MachineContext,
  type LiveActor,
  refuseUnknownFact,
  start,
} from "../machine/live-actor.ts"

/** All that an ingress process's facts say about it. */
export interface IngressContext {
  /** The incarnation that started and has not stopped. Source: L12. */
  readonly incarnation: string | null
  /** How many requests are over, those that were refused and counted too. */
  readonly completed: number
}

/** What is known before anything has happened. */
export const newIngress: IngressContext = { incarnation: null, completed: 0 }

const evolve = ({ completed }: IngressContext, fact: IngressFact): Partial<IngressContext> => {
  switch (fact.type) {
    case "node.started":
      return { incarnation: fact.incarnation }
    case "request.completed":
      return { completed: completed + 1 }
    case "requests.refused":
      return { completed: completed + fact.count }
    case "node.stopped":
      return { incarnation: null }
  }
}

/** An ingress process: it starts, completes requests, and stops. Source: L1. */
export const ingressMachine = setup({
  types: { context: {} as MachineContext<IngressContext>, events: {} as IngressFact },
  actions: {
    evolve: assign(({ context: { ledger }, event }) => changed(ledger, evolve(ledger, event))),
    refuseUnknownFact,
  },
}).createMachine({
  id: "ingress",
  context: { ledger: newIngress },
  initial: "stopped",
  on: {
    "node.started": { target: ".running", actions: "evolve" },
    "request.completed": { actions: "evolve" },
    "requests.refused": { actions: "evolve" },
    "*": { actions: "refuseUnknownFact" },
  },
  states: {
    stopped: {},
    running: { on: { "node.stopped": { target: "stopped", actions: "evolve" } } },
  },
})

const ingressLogic = factLogic(ingressMachine, evolve)

/** The state of an ingress process. */
export type IngressActor = LiveActor<MachineContext<IngressContext>, IngressFact>

/** What can be asked of an ingress process. */
export type IngressCommand =
  | { readonly type: "start"; readonly node: string; readonly incarnation: string }
  | {
      readonly type: "complete"
      readonly node: string
      readonly request: Omit<RequestCompleted, "actor" | "type" | "at">
    }
  | { readonly type: "refuse"; readonly node: string; readonly refused: ReadonlyArray<RefusedCount> }
  | { readonly type: "stop"; readonly node: string }

/** An ingress process as JSON. */
export interface IngressSnapshot {
  readonly value: StateValue
  readonly context: IngressContext
}

/** Returns an ingress process as JSON. */
export const ingressSnapshot = (ingress: IngressActor): IngressSnapshot => {
  const { value, context } = ingress.getSnapshot()
  return { value, context: context.ledger }
}

/** Makes an ingress process to which nothing has happened yet, or the one that a snapshot holds. */
export const createIngress = (stored?: IngressSnapshot): IngressActor =>
  start(
    ingressLogic,
    stored && ingressMachine.resolveState({ value: stored.value, context: { ledger: stored.context } }),
  )

/** Evolves an ingress process by one fact. */
export const evolveIngress = (ingress: IngressActor, fact: IngressFact): void => evolveActor(ingress, fact)

/** Decides what follows from a command to an ingress process. */
export const decideIngress = (
  ingress: IngressActor,
  command: IngressCommand,
  now: number,
): { readonly kind: "facts"; readonly facts: ReadonlyArray<IngressFact> } => {
  const actor = actorName("ingress", command.node)
  const { incarnation } = ingress.getSnapshot().context.ledger
  switch (command.type) {
    case "start": {
      const { incarnation: started } = command
      return {
        kind: "facts",
        facts: [{ actor, type: "node.started", at: now, incarnation: started, clean: incarnation === null }],
      }
    }
    case "complete":
      return { kind: "facts", facts: [{ actor, type: "request.completed", at: now, ...command.request }] }
    case "refuse":
      return {
        kind: "facts",
        facts: command.refused.map((count) => ({ actor, type: "requests.refused", at: now, ...count })),
      }
    case "stop":
      return {
        kind: "facts",
        facts: incarnation === null ? [] : [{ actor, type: "node.stopped", at: now, incarnation }],
      }
  }
}
