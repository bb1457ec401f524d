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
 * Returns the logic of an actor from its machine, of regions side by side or of states that lead nowhere by
 * themselves: the same states by the same facts, without a whole step of XState for each.
 *
 * Such a step copies the snapshot and builds its value anew from all of the machine's nodes, whatever has
 * happened; most facts change the ledger and move no region, or one. So a fact that only the root takes evolves
 * the ledger here, and the regions follow it by the machine's own `always` transitions once their state is
 * asked. `evolve` is what the machine's transition does with such a fact. Entry and exit actions are not run:
 * these machines have none.
 * Source: L1, L2.
 */
export const factLogic = <Machine extends AnyStateMachine, Ledger extends object>(
  machine: Machine,
  evolve: (ledger: Ledger, fact: never) => Partial<Ledger>,
): Machine => {
  const ofRoot = typesOfRoot(machine)
  const rest = restOf(machine)
  const whole = (snapshot: AnyMachineSnapshot | FactSnapshot<Ledger>): AnyMachineSnapshot =>
    snapshot instanceof FactSnapshot ? machine.resolveState(snapshot) : snapshot
  const transition = (
    snapshot: AnyMachineSnapshot | FactSnapshot<Ledger>,
    fact: AnyEventObject,
    scope: Scope,
  ): AnyMachineSnapshot | FactSnapshot<Ledger> => {
    if (!ofRoot.has(fact.type)) return machine.transition(whole(snapshot), fact, scope)
    const { ledger } = snapshot.context as MachineContext<Ledger>
    const from = snapshot instanceof FactSnapshot ? snapshot.known : (snapshot.value as Value)
    return new FactSnapshot(rest, from, changed(ledger, evolve(ledger, fact as never)))
  }
  return Object.create(machine, { transition: { value: transition } }) as Machine
}

/** A snapshot after a fact of the root. Its regions are looked for when they are first asked, from where they were when they were last known. */
class FactSnapshot<Ledger extends object> {
  readonly status = "active"
  readonly context: MachineContext<Ledger>
  readonly #rest: Rest
  readonly #from: Value
  #value: Value | undefined

  constructor(rest: Rest, from: Value, context: MachineContext<Ledger>) {
    this.#rest = rest
    this.#from = from
    this.context = context
  }

  get value(): Value {
    this.#value ??= this.#rest(this.#from, this.context)
    return this.#value
  }

  /** The regions as they were last known. */
  get known(): Value {
    return this.#value ?? this.#from
  }
}

type Rest = (value: Value, context: unknown) => Value

/** Returns what lets the regions of a machine come to rest over a context. */
const restOf = (machine: AnyStateMachine): Rest => {
  const regions = Object.values(machine.states).map(
    (region) => [region.key, alwaysTransitionsOf(region)] as const,
  )
  return (from, context) => {
    const step = { context }
    let value = from
    for (const [region, always] of regions)
      for (let next = after(always, from[region], step); next !== undefined; next = after(always, next, step))
        value = { ...value, [region]: next }
    return value
  }
}

/** Returns the facts that the root takes where it is; those that lead somewhere, or that a region takes, are the machine's, which knows where they lead. */
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

const after = (
  always: AlwaysTransitions,
  state: string | undefined,
  step: { readonly context: unknown },
): string | undefined => always[state ?? ""]?.find(({ guard }) => guard(step))?.to
