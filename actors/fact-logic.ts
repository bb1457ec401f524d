import type { ActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from "xstate"
import { changed, type Kept } from "./live-actor.ts"

/** What a machine is sent after a fact that no region takes: its regions are to follow the ledger, and nothing else is to happen. */
export const followLedger = { type: "ledger.changed" } as const

type Guard = (step: { readonly context: unknown }) => boolean
type Scope = ActorScope<AnyMachineSnapshot, AnyEventObject>

/**
 * Makes the logic of an actor from its machine: the same states by the same facts, without a whole step of XState for a fact that moves no region.
 *
 * Such a step copies the snapshot and builds its value anew from all of the machine's nodes, whatever has happened; most facts change the ledger and move
 * nothing. So a fact that only the root takes evolves the ledger here, and the machine takes a step only if one of its regions would then follow.
 * `evolve` is what the machine's own transition does with such a fact.
 * Source: L2.
 */
export const factLogic = <
  Machine extends AnyStateMachine,
  Ledger extends object,
  Fact extends AnyEventObject,
>(
  machine: Machine,
  evolve: (ledger: Ledger, fact: Fact) => Partial<Ledger>,
): Machine => {
  const ofRoot = typesOfRoot(machine)
  const guards = guardsOf(machine)
  const isFollowed = ({ value, context }: AnyMachineSnapshot): boolean =>
    guards.some(([region, states]) => states[value[region]]?.some((guard) => guard({ context })) === true)
  const transition = (snapshot: AnyMachineSnapshot, fact: Fact, scope: Scope): AnyMachineSnapshot => {
    if (!ofRoot.has(fact.type)) return machine.transition(snapshot, fact, scope)
    const { ledger } = snapshot.context as Kept<Ledger>
    const context = changed(ledger, evolve(ledger, fact))
    const next = context.ledger === ledger ? snapshot : { ...snapshot, context }
    return isFollowed(next) ? machine.transition(next, followLedger, scope) : next
  }
  return Object.create(machine, { transition: { value: transition } }) as Machine
}

/** The facts that the root takes: those that a region takes too are the machine's, with where they lead. */
const typesOfRoot = (machine: AnyStateMachine): ReadonlySet<string> => {
  const ofRegions = new Set(Object.values(machine.states).flatMap(({ events }) => events))
  const ofRoot = Object.keys(machine.config.on ?? {})
  return new Set(ofRoot.filter((type) => type !== "*" && type !== followLedger.type && !ofRegions.has(type)))
}

/** What each state of each region follows by itself. */
const guardsOf = (machine: AnyStateMachine) =>
  Object.values(machine.states).map((region) => {
    const states = Object.values(region.states).map(
      ({ key, always = [] }) => [key, always.map(({ guard }) => guard as Guard)] as const,
    )
    return [region.key, Object.fromEntries(states) as Partial<Record<string, ReadonlyArray<Guard>>>] as const
  })
