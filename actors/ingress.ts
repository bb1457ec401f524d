import { actorName } from "@sluice/events/identifier.ts"
import type { IngressFact, RequestCompleted } from "@sluice/events/ingress.ts"
import { assign, setup } from "xstate"
import { evolve as evolveActor, type LiveActor, refuseUnknownFact, start } from "./live-actor.ts"

/** All that an ingress process's facts say about it. */
export interface IngressContext {
  /** The incarnation that started and has not stopped. Source: L12. */
  readonly incarnation: string | null
  readonly completed: number
}

/** An ingress process: it starts, completes requests, and stops. Source: L1. */
export const ingressMachine = setup({
  types: { context: {} as IngressContext, events: {} as IngressFact },
  actions: {
    start: assign(({ event }) => ({ incarnation: event.type === "node.started" ? event.incarnation : null })),
    count: assign(({ context }) => ({ completed: context.completed + 1 })),
    stop: assign({ incarnation: null }),
    refuseUnknownFact,
  },
}).createMachine({
  id: "ingress",
  context: { incarnation: null, completed: 0 },
  initial: "stopped",
  on: {
    "node.started": { target: ".running", actions: "start" },
    "request.completed": { actions: "count" },
    "*": { actions: "refuseUnknownFact" },
  },
  states: {
    stopped: {},
    running: { on: { "node.stopped": { target: "stopped", actions: "stop" } } },
  },
})

/** The state of an ingress process. */
export type IngressActor = LiveActor<IngressContext, IngressFact>

/** What can be asked of an ingress process. */
export type IngressCommand =
  | { readonly type: "start"; readonly node: string; readonly incarnation: string }
  | {
      readonly type: "complete"
      readonly node: string
      readonly request: Omit<RequestCompleted, "actor" | "type" | "at">
    }
  | { readonly type: "stop"; readonly node: string }

/** Makes an ingress process to which nothing has happened yet, or the one that a snapshot holds. */
export const createIngress = (
  snapshot?: Pick<ReturnType<IngressActor["getSnapshot"]>, "value" | "context">,
): IngressActor =>
  start(
    ingressMachine,
    snapshot && ingressMachine.resolveState({ value: snapshot.value, context: snapshot.context }),
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
  const { incarnation } = ingress.getSnapshot().context
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
    case "stop":
      return {
        kind: "facts",
        facts: incarnation === null ? [] : [{ actor, type: "node.stopped", at: now, incarnation }],
      }
  }
}
