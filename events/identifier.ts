import { Schema } from "effect"

/** Names a pool, channel, account, client or node: one NATS subject token. */
export const Id = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9_-]{0,54}$/u, {
    expected: "an id of 1 to 55 characters: a-z, 0-9, _ and -, beginning with a letter or digit",
  }),
)

/** The kinds of actor that write facts, and `configuration` for objects that are folded without an actor. */
export type ActorKind = "channel" | "account" | "ingress" | "pool" | "client" | "settings" | "repair"

/** Stands before every subject of the log. */
export const subjectPrefix = "sluice.log."

/** The subject on which a channel's and its accounts' facts are stored together. Source: L5. */
export const channelSubject = (channel: string): string => `${subjectPrefix}channel.${channel}`

/** The subject of one ingress process. Source: L5. */
export const ingressSubject = (node: string): string => `${subjectPrefix}ingress.${node}`

/** The subject that pools, clients and settings share. Source: L5. */
export const configurationSubject = `${subjectPrefix}configuration`

/** Stands before the subjects of repairs, each of which is about one commit of another subject. Source: L11. */
export const repairPrefix = `${subjectPrefix}repair.`

/** Joins a kind and an id to an actor's name. */
export const actorName = <K extends ActorKind>(kind: K, id: string): `${K}/${string}` => `${kind}/${id}`

/** Returns the id in an actor's name. */
export const idOf = (actor: string): string => actor.slice(actor.indexOf("/") + 1)

/** Returns the kind in an actor's name. */
export const kindOf = (actor: string): string => actor.slice(0, actor.indexOf("/"))
