import type { ActorScope, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from "xstate"
import { changed, type MachineContext } from "./live-actor.ts"

type Scope = ActorScope<AnyMachineSnapshot, AnyEventObject>
/** The state of each region. */
type Value = Readonly<Record<string, string>>

/** Where a state leads by itself, and when. */
interface AlwaysTransition {
  readonly to: string
  readonly guard: (step: { readonly context: unknown }) => boolean
}

/**
 * Makes the logic of an actor from its machine, of regions side by side or of states that nothing follows by itself: the same states by the same
 * facts, without a whole step of XState for each.
 *
 * Such a step copies the snapshot and builds its value anew from all of the machine's nodes, whatever has happened; most facts change the ledger and move
 * no region, or one. So a fact that only the root takes evolves the ledger here, and the regions follow it by the machine's own `always`.
 * `evolve` is what the machine's transition does with such a fact. Entry and exit actions are not run: these machines have none.
 * Source: L2.
 */
export const factLogic = <Machine extends AnyStateMachine, Ledger extends object>(
  machine: Machine,
  evolve: (ledger: Ledger, fact: never) => Partial<Ledger>,
): Machine => {
  const ofRoot = typesOfRoot(machine)
  const regions = Object.values(machine.states).map(
    (region) => [region.key, alwaysTransitionsOf(region)] as const,
  )
  const snapshotIn = snapshotsOf(machine)
  const follow = (snapshot: AnyMachineSnapshot): AnyMachineSnapshot => {
    const { context } = snapshot
    let value = snapshot.value as Value
    for (const [region, always] of regions) {
      for (let next = after(always, value[region], context); next !== undefined;) {
        value = { ...value, [region]: next }
        next = after(always, next, context)
      }
    }
    return value === snapshot.value ? snapshot : { ...snapshotIn(value, context), context }
  }
  const transition = (
    snapshot: AnyMachineSnapshot,
    fact: AnyEventObject,
    scope: Scope,
  ): AnyMachineSnapshot => {
    if (!ofRoot.has(fact.type)) return machine.transition(snapshot, fact, scope)
    const { ledger } = snapshot.context as MachineContext<Ledger>
    const context = changed(ledger, evolve(ledger, fact as never))
    return follow(context.ledger === ledger ? snapshot : { ...snapshot, context })
  }
  return Object.create(machine, { transition: { value: transition } }) as Machine
}

/** The facts that the root takes where it is; those that lead somewhere, or that a region takes, are the machine's, which knows where they lead. */
const typesOfRoot = (machine: AnyStateMachine): ReadonlySet<string> => {
  const ofRegions = new Set(Object.values(machine.states).flatMap(({ events }) => events))
  const ofRoot = [...machine.root.transitions].filter(([, taken]) =>
    taken.every(({ target }) => target === undefined),
  )
  return new Set(ofRoot.map(([type]) => type).filter((type) => type !== "*" && !ofRegions.has(type)))
}

type AlwaysTransitions = Readonly<Record<string, ReadonlyArray<AlwaysTransition>>>

const alwaysTransitionsOf = (region: AnyStateNode): AlwaysTransitions =>
  Object.fromEntries(
    Object.values(region.states).map(({ key, always = [] }) => [
      key,
      always.map(({ guard, target }) => ({
        to: target?.[0]?.key ?? key,
        guard: guard as AlwaysTransition["guard"],
      })),
    ]),
  )

const after = (always: AlwaysTransitions, state = "", context: unknown): string | undefined => {
  const taken = always[state]
  if (taken === undefined) return undefined
  for (const { to, guard } of taken) if (guard({ context })) return to
  return undefined
}

/** Returns the machine's snapshot in a value, made once for each: there are few. Its context is any that was in this value. */
const snapshotsOf = (machine: AnyStateMachine) => {
  const made = new Map<string, AnyMachineSnapshot>()
  return (value: Value, context: unknown): AnyMachineSnapshot => {
    const key = Object.values(value).join(" ")
    const known = made.get(key)
    if (known !== undefined) return known
    const snapshot = machine.resolveState({ value, context })
    made.set(key, { ...snapshot, context: undefined })
    return snapshot
  }
}
