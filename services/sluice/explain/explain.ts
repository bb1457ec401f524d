import type { Fact } from "@sluice/events/commit.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import type { PositionedFact } from "@sluice/replay/explain/own-facts.ts"
import { coolingActors, type PastCooldown, storyOf } from "@sluice/replay/explain/story.ts"
import { Effect, Schema } from "effect"
import { CommandFailed } from "../failure.ts"
import { querySource, type Row } from "../query/source.ts"
import { runningOn } from "../running.ts"
import { storyText } from "./story-text.ts"

/** What is asked. */
export interface ExplainOptions {
  readonly request: string
  readonly json: boolean
  readonly dataDirectory: string
  readonly clickHouseUrl: string | undefined
}

/** The longest reset that is believed lies so far ahead, and a day more for whoever lengthens it. Source: C3. */
const longestCooldownMs = 9 * 86_400_000
const cooldownsPerActor = "50"

/** Prints the story of one request. Fails: with one line where the tables know nothing of it. Source: R2. */
export const explain = Effect.fnUntraced(function* ({ request, json, ...place }: ExplainOptions) {
  const source = yield* querySource(place)
  // What just happened is waited for, where somebody still writes it.
  const isRunning = (yield* runningOn(place.dataDirectory)) !== undefined
  const wait: Record<string, string> = isRunning ? { wait: "head" } : {}
  const found = (yield* source.rows("request", { request, ...wait })).map(placedFact)
  if (!found.some(({ fact }) => "request" in fact && fact.request === request))
    return yield* new CommandFailed({
      message: `nothing is known of a request ${JSON.stringify(request)}: its id stands in the header x-sluice-request-id of its answer`,
    })
  const times = found.map(({ fact }) => fact.at)
  const range = {
    from: String(Math.max(0, Math.min(...times) - longestCooldownMs)),
    to: String(Math.max(...times) + 1),
    limit: cooldownsPerActor,
  }
  const cooldowns: Array<PastCooldown> = []
  for (const actor of coolingActors(request, found))
    cooldowns.push(...(yield* source.rows("cooldowns", { actor, ...range })).map(pastCooldown))
  const story = storyOf(request, found, cooldowns)
  const look = { colours: process.stdout.isTTY && process.stdout.hasColors() }
  print(`${json ? JSON.stringify(story) : storyText(story, look)}\n`)
}, Effect.scoped)

const FactRow = Schema.Struct({
  at: Schema.String,
  subject: Schema.String,
  version: Schema.Int,
  index: Schema.Int,
  actor: Schema.String,
  type: Schema.String,
  request: Schema.String,
  lease: Schema.String,
  data: Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)),
})
const CooldownRow = Schema.Struct({
  actor: Schema.String,
  id: Schema.String,
  start: Schema.String,
  until: Schema.String,
  end: Schema.NullOr(Schema.String),
  classification: Schema.String,
})
const decodeFactRow = Schema.decodeUnknownSync(FactRow)
const decodeCooldownRow = Schema.decodeUnknownSync(CooldownRow)

/** A row of the table `facts` holds the fact as the projector decoded it. */
const placedFact = (row: Row): PositionedFact => {
  const { subject, version, index, at, request, lease, data, ...fact } = decodeFactRow(row)
  const named = { ...(request === "" ? {} : { request }), ...(lease === "" ? {} : { lease }) }
  return {
    subject,
    version,
    index,
    fact: { ...fact, at: Date.parse(at), ...named, ...data } as unknown as Fact,
  }
}

const pastCooldown = (row: Row): PastCooldown => {
  const { start, until, end, ...cooldown } = decodeCooldownRow(row)
  return {
    ...cooldown,
    start: Date.parse(start),
    until: Date.parse(until),
    end: end === null ? null : Date.parse(end),
  }
}
