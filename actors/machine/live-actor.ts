import { type AnyActorLogic, createActor, type Snapshot, type StateValue } from "xstate"

/** A fact reached an actor whose machine has no transition for it: a defect that stops the actor. Source: L2. */
export class UnknownFact extends Error {
  override readonly name = "UnknownFact"
}

/** Stops the actor with `UnknownFact`, instead of dropping the fact in silence as a machine would by itself. Source: L2. */
export const refuseUnknownFact = ({ event }: { readonly event: { readonly type: string } }): never => {
  throw new UnknownFact(`no transition for ${event.type}`)
}

/**
 * What a machine holds: all that its facts say, as one object that `assign` replaces.
 *
 * `assign` copies the fields of the machine's context for every fact, whatever changed; so it has one field, and a fact that changes nothing copies nothing.
 */
export interface MachineContext<Context> {
  readonly ledger: Context
}

/** Returns what a change makes of a ledger; of none, the ledger itself. */
export const changed = <Context extends object>(
  ledger: Context,
  change: Partial<Context>,
): MachineContext<Context> => ({
  ledger: change === unchanged ? ledger : { ...ledger, ...change },
})

/** The change that is none. */
export const unchanged: object = Object.freeze({})

/** What an actor is at one instant. */
export interface LiveSnapshot<Context, States extends StateValue = StateValue> {
  readonly status: "active" | "done" | "error" | "stopped"
  readonly value: States
  readonly context: Context
  readonly error?: unknown
}

/** A running XState actor that is evolved by facts. */
export interface LiveActor<Context, Fact, States extends StateValue = StateValue> {
  send(fact: Fact): void
  getSnapshot(): LiveSnapshot<Context, States>
}

/** Starts the actor of a machine, from a snapshot if one is given. */
export const start = <Context, Fact, States extends StateValue = StateValue>(
  machine: AnyActorLogic,
  snapshot?: unknown,
): LiveActor<Context, Fact, States> => {
  const actor = createActor(
    machine,
    snapshot === undefined ? {} : { snapshot: snapshot as Snapshot<unknown> },
  )
  // Without an error observer an actor reports its defects to the process, and later; `evolve` throws them at once.
  actor.subscribe({ error: () => undefined })
  return actor.start()
}

/**
 * Evolves an actor by one fact.
 *
 * Fails: throws the defect that stopped the actor, now or before.
 */
export const evolve = <Context, Fact>(actor: LiveActor<Context, Fact>, fact: Fact): void => {
  actor.send(fact)
  const snapshot = actor.getSnapshot()
  if (snapshot.status === "error") throw snapshot.error
}
