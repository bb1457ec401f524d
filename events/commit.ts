import { Schema } from "effect"
import { enable } from "effect/schema/SchemaJITCompiler"
import { AccountFact } from "./account.ts"
import { ChannelFact } from "./channel.ts"
import { CheckpointFact } from "./checkpoint.ts"
import { ConfigurationFact } from "./configuration-fact.ts"
import { Count, TimeMs } from "./field.ts"
import { IngressFact } from "./ingress.ts"
import { repairFact } from "./repair.ts"
import { upcast } from "./upcast.ts"

/** The schema number that new commits carry; older ones are read through upcasters. Source: docs/events.md. */
export const schemaNumber = 2

/** What can happen to an actor. */
const ActorFact = Schema.Union([
  ...ChannelFact.members,
  ...AccountFact.members,
  ...IngressFact.members,
  ...ConfigurationFact.members,
  ...CheckpointFact.members,
])

/** A commit that could not be folded was set aside. Source: L11. */
const RepairFact = repairFact(ActorFact)
export type RepairFact = typeof RepairFact.Type

/** Anything that can happen. */
export const Fact = Schema.Union([...ActorFact.members, RepairFact])
export type Fact = typeof Fact.Type

const shapes: ReadonlyMap<
  string,
  { readonly holds: (fact: unknown) => boolean; readonly member: Schema.Top }
> = new Map(
  Fact.members.map((member) => {
    const decoded = Schema.toType(member)
    // Each fact is checked before it is stored: code that is made for its shape takes a third of the time.
    enable(decoded.ast)
    return [member.fields.type.literal, { holds: Schema.is(decoded), member: decoded }]
  }),
)

/** Says why a fact could not be read back from the log; `undefined` where it can. */
export const factProblem = (fact: Fact): string | undefined => {
  const shape = shapes.get(fact.type)
  if (shape === undefined) return `no fact is called ${JSON.stringify(fact.type)}`
  if (shape.holds(fact)) return undefined
  const result = Schema.decodeUnknownResult(shape.member as Schema.Codec<unknown>)(fact)
  return `${fact.type}: ${result._tag === "Failure" ? result.failure.message : "it is out of shape"}`
}

/**
 * What was decided together and is stored together as one message of one subject.
 *
 * Shape: `at`, as every time in its facts, is a time of the subject, which never falls; `version` counts the subject's commits from 1 without gaps; `commit` is also the message's `Nats-Msg-Id`.
 * Source: L5.
 */
export const Commit = Schema.Struct({
  commit: Schema.String,
  version: Count,
  at: TimeMs,
  /** What the machine's clock showed at `at`, where that is another time. Source: L2. */
  wallAt: Schema.optionalKey(TimeMs),
  node: Schema.String,
  epoch: Count,
  schema: Schema.Literal(schemaNumber),
  facts: Schema.Array(Fact),
})
export type Commit = typeof Commit.Type

/** Returns how far the times in a commit's facts are ahead of what the machine's clock showed. Units: milliseconds; 0 where nothing is said. Source: L2. */
export const aheadOf = ({ at, wallAt = at }: Pick<Commit, "at" | "wallAt">): number => at - wallAt

// Every reader of the log decodes every fact: code that is made for the shapes takes half as long.
enable(Commit.ast)
const decodeUnknown = Schema.decodeUnknownSync(Commit)

/**
 * Reads a stored commit.
 *
 * Fails: throws when the bytes are not JSON, the schema number is not known or a fact is out of shape (L11).
 */
export const decodeCommit = (json: string): Commit => decodeUnknown(upcast(JSON.parse(json)))
