import { machineHashOf } from "@sluice/actors/group/snapshot.ts"
import { checkpointIngress, ingressFromCheckpoint } from "@sluice/actors/ingress/checkpoint.ts"
import {
  createIngress,
  decideIngress,
  evolveIngress,
  type IngressActor,
  type IngressCommand,
  ingressMachine,
  type IngressSnapshot,
  ingressSnapshot,
} from "@sluice/actors/ingress/machine.ts"
import { actorName, ingressSubject } from "@sluice/events/identifier.ts"
import type { IngressFact } from "@sluice/events/ingress.ts"
import type { Decider, Denial } from "@sluice/infra/actor-host/decider.ts"

/** An ingress process, as the actor host runs it: what it records is never refused, and nothing follows by itself. */
export const ingressDecider: Decider<IngressActor, IngressCommand, Denial> = {
  create: () => createIngress(),
  evolve: (ingress, fact) => evolveIngress(ingress, fact as IngressFact),
  decide: decideIngress,
  reactions: () => [],
  dueAt: () => null,
  snapshot: ingressSnapshot,
  restore: (stored) => createIngress(stored as IngressSnapshot),
  checkpoint: (ingress, { subject, at }) =>
    checkpointIngress(ingress, { actor: actorName("ingress", subject.slice(ingressSubject("").length)), at }),
  fromCheckpoint: ingressFromCheckpoint,
  machineHash: machineHashOf(ingressMachine),
  translation: {
    command: (command, time) => {
      switch (command.type) {
        case "complete": {
          const { request } = command
          return { ...command, request: { ...request, arrivedAt: time.of(request.arrivedAt) } }
        }
        case "refuse":
          return {
            ...command,
            refused: command.refused.map((count) => ({ ...count, since: time.of(count.since) })),
          }
        default:
          return command
      }
    },
    denial: (denied) => denied,
    ahead: () => undefined,
  },
}
