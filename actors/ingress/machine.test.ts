import type { IngressFact, RequestCompleted } from "@sluice/events/ingress.ts"
import fc from "fast-check"
import { expect, test } from "vitest"
import { evolve, type MachineContext, type LiveActor, start, UnknownFact } from "../machine/live-actor.ts"
import { createIngress, evolveIngress, ingressMachine, ingressSnapshot } from "./machine.ts"

const of = { actor: "ingress/a", at: 1_790_000_000_000 }
// Of a completed request it matters only that there is one.
const completed = { ...of, type: "request.completed" } as RequestCompleted
const facts = fc.oneof(
  fc.string().map((incarnation): IngressFact => ({ ...of, type: "node.started", incarnation, clean: true })),
  fc.constant<IngressFact>(completed),
  fc.nat().map((count): IngressFact => ({
    ...of,
    type: "requests.refused",
    client: "",
    code: "not_found",
    status: 404,
    since: of.at,
    count,
  })),
)
const endedBy = (fact: IngressFact): number =>
  fact.type === "requests.refused" ? fact.count : fact.type === "request.completed" ? 1 : 0

/** Where the running one is stopped now and then. */
const histories = fc.array(fc.tuple(facts, fc.boolean())).map((steps) =>
  steps.reduce<{ all: ReadonlyArray<IngressFact>; incarnation: string | null }>(
    ({ all, incarnation }, [fact, stops]) => {
      const running = fact.type === "node.started" ? fact.incarnation : incarnation
      if (!stops || running === null) return { all: [...all, fact], incarnation: running }
      const stopped: IngressFact = { ...of, type: "node.stopped", incarnation: running }
      return { all: [...all, fact, stopped], incarnation: null }
    },
    { all: [], incarnation: null },
  ),
)

test("L2: the facts of an ingress process make of it what its machine alone makes of them", () => {
  fc.assert(
    fc.property(histories, ({ all }) => {
      const ingress = createIngress()
      const machine: LiveActor<MachineContext<unknown>, IngressFact> = start(ingressMachine)
      for (const fact of all) {
        evolveIngress(ingress, fact)
        evolve(machine, fact)
        const { value, context } = machine.getSnapshot()
        expect(ingressSnapshot(ingress)).toEqual({ value, context: context.ledger })
      }
      const count = all.reduce((sum, fact) => sum + endedBy(fact), 0)
      expect(ingressSnapshot(ingress).context.completed).toBe(count)
    }),
  )
})

test("L2: an ingress process that is stopped does not know a second stop", () => {
  const stop: IngressFact = { ...of, type: "node.stopped", incarnation: "i" }
  expect(() => evolveIngress(createIngress(), stop)).toThrow(UnknownFact)
})
