import type { RefusedCount } from "@sluice/events/ingress.ts"
import type { ActorNode } from "../hosting/actor-node.ts"
import type { IngressLog } from "../ingress-options.ts"

/** Returns what has the numbers of refused requests stored as facts of an ingress process. Source: A11. */
export const refusalRecord =
  (of: { readonly ingress: ActorNode["ingress"]; readonly node: string; readonly log: IngressLog }) =>
  (refused: ReadonlyArray<RefusedCount>): void => {
    of.ingress
      .submit({ type: "refuse", node: of.node, refused })
      .catch((error: unknown) => of.log.error({ err: error, refused }, "refusals could not be recorded"))
  }
