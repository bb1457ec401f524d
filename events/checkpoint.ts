import { Schema } from "effect"
import { AccountConfiguration } from "./configuration/account.ts"
import { ChannelConfiguration } from "./configuration/channel.ts"
import { ClientConfiguration, PoolConfiguration, Settings } from "./configuration/configuration.ts"
import { Count, fact } from "./field.ts"

/** What an actor holds as JSON; the fields that are named have schemas of their own, so that those of an older file get their defaults. */
const contextWith = <const F extends Schema.Struct.Fields>(fields: F) =>
  Schema.StructWithRest(Schema.Struct(fields), [Schema.Record(Schema.String, Schema.Unknown)])

const place = {
  /** The place of this fact in its checkpoint, from 0, and how many there are. */
  part: Count,
  parts: Count,
  /** Counts the changes of what contexts hold; a reader knows those up to its own. */
  shape: Count,
  /** Names the code that wrote it. */
  machineHash: Schema.String,
  value: Schema.Unknown,
}

const kept = <S extends Schema.Top>(config: S) =>
  Schema.optionalKey(
    Schema.Array(Schema.Struct({ id: Schema.String, config, revision: Count, removed: Schema.Boolean })),
  )

/**
 * The state of a subject's actors, stored in their own log: a fold may begin with it.
 *
 * Shape: a checkpoint is all of a subject's actors in facts `part` 0 to `parts` − 1, with nothing between them; what is too large for one goes on in the next of the same actor, where the lists of its
 * `context` continue.
 * Source: L5, L11, L13.
 */
export const CheckpointFact = Schema.Union([
  fact("channel.checkpointed", {
    ...place,
    context: contextWith({ config: Schema.optionalKey(Schema.NullOr(ChannelConfiguration)) }),
  }),
  fact("account.checkpointed", {
    ...place,
    context: contextWith({ config: Schema.optionalKey(Schema.NullOr(AccountConfiguration)) }),
  }),
  fact("ingress.checkpointed", { ...place, context: contextWith({}) }),
  fact("configuration.checkpointed", {
    ...place,
    context: contextWith({
      pools: kept(PoolConfiguration),
      clients: kept(ClientConfiguration),
      settings: kept(Settings),
    }),
  }),
])
export type CheckpointFact = typeof CheckpointFact.Type

/** Tells a checkpoint from what happened to an actor. */
export const isCheckpoint = (told: { readonly type: string }): told is CheckpointFact =>
  told.type.endsWith(".checkpointed")
