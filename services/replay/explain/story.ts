import type { Fact } from "@sluice/events/commit.ts"
import type { Candidate, RequestCompleted } from "@sluice/events/ingress.ts"
import { isNamedAfter, ownFacts, type PositionedFact } from "./own-facts.ts"
import { sentenceOf } from "./sentences.ts"
import { instant, span } from "./wording.ts"

/** A cooldown as the tables have it; `end` is `null` while it lasts. */
export interface PastCooldown {
  readonly actor: string
  readonly id: string
  readonly start: number
  readonly until: number
  readonly end: number | null
  readonly classification: string
}

/** One step of a story. */
export interface StoryStep {
  readonly at: number
  readonly actor: string
  readonly sentence: string
}

/** The story of one request. */
export interface Story {
  readonly request: string
  readonly arrivedAt: number
  /** `null` while it is under way. */
  readonly status: number | null
  readonly code: string | null
  readonly channel: string
  readonly account: string
  readonly attempts: number
  readonly waitMs: number
  readonly totalMs: number | null
  readonly costNanoUsd: number
  readonly candidates: ReadonlyArray<Candidate>
  readonly cooldowns: {
    readonly caused: ReadonlyArray<PastCooldown>
    readonly met: ReadonlyArray<PastCooldown>
  }
  readonly story: ReadonlyArray<StoryStep>
  readonly facts: ReadonlyArray<Fact>
}

/**
 * Tells the story of a request from its facts in order and from the cooldowns of those that it met.
 *
 * Source: R2.
 */
export const storyOf = (
  request: string,
  found: ReadonlyArray<PositionedFact>,
  cooldowns: ReadonlyArray<PastCooldown>,
): Story => {
  const facts = ownFacts(request, found).map(({ fact }) => fact)
  const completed = facts.find((fact) => fact.type === "request.completed")
  const granted = facts.filter((fact) => fact.type === "channel.acquired")
  const arrivedAt = completed?.arrivedAt ?? facts[0]?.at ?? 0
  const endedAt = completed?.at ?? Infinity
  const caused = cooldowns.filter(({ id }) => id.includes(`:${request}.`))
  const met = cooldowns.filter(
    (one) =>
      isMet(one, completed?.candidates ?? []) && one.start <= endedAt && arrivedAt < (one.end ?? Infinity),
  )
  const last = granted.at(-1)
  return {
    request,
    arrivedAt,
    status: completed?.status ?? null,
    code: completed?.code ?? null,
    channel: completed?.channel ?? last?.actor.slice("channel/".length) ?? "",
    account: completed?.account ?? last?.account ?? "",
    attempts: completed?.attempts.length ?? granted.length,
    waitMs: completed?.waitMs ?? 0,
    totalMs: completed?.totalMs ?? null,
    costNanoUsd: facts.reduce(
      (sum, fact) => sum + (fact.type === "account.usage_recorded" ? fact.costNanoUsd : 0),
      0,
    ),
    candidates: completed?.candidates ?? [],
    cooldowns: { caused, met },
    story: [
      ...beginning(completed, met),
      ...facts.flatMap((fact): ReadonlyArray<StoryStep> => {
        const sentence = sentenceOf(fact)
        return sentence === undefined ? [] : [{ at: fact.at, actor: fact.actor, sentence }]
      }),
      ...laterEnds(caused, facts),
      ...(completed === undefined
        ? [{ at: facts.at(-1)?.at ?? 0, actor: "", sentence: "it is under way still" }]
        : []),
    ],
    facts,
  }
}

const isMet = ({ actor }: PastCooldown, candidates: ReadonlyArray<Candidate>): boolean =>
  candidates.some(
    ({ channel, account, reason }) =>
      (reason === "cooling" || reason === "cooling_soon" || reason === "model_cooling") &&
      actor === (account === undefined ? `channel/${channel}` : `account/${account}`),
  )

/** What only the end of a request tells of its beginning. */
const beginning = (
  completed: RequestCompleted | undefined,
  met: ReadonlyArray<PastCooldown>,
): ReadonlyArray<StoryStep> => {
  if (completed === undefined) return []
  const { arrivedAt: at, actor, candidates } = completed
  return [
    { at, actor, sentence: arrived(completed) },
    ...(candidates.length === 0 ? [] : [{ at, actor, sentence: `passed over: ${passedOver(candidates)}` }]),
    ...met.map((one) => ({
      at,
      actor: one.actor,
      sentence: `${one.actor} was cooling since ${instant(one.start)}, until ${instant(one.end ?? one.until)} (${one.classification}, ${one.id})`,
    })),
  ]
}

const arrived = (completed: RequestCompleted): string => {
  const { client, model, protocol, path, streaming, pool, session, sessionSource, deadlineMs, estimate } =
    completed
  return [
    `it arrives from ${client === "" ? "an unknown client" : `client ${client}`} for ${model === "" ? "no model" : model} (${protocol} ${path}${streaming ? ", as a stream" : ""})`,
    ...(pool === "" ? [] : [`pool ${pool}`]),
    ...(session === undefined ? [] : [`session ${session} by ${sessionSource?.replaceAll("_", " ") ?? "?"}`]),
    ...(deadlineMs === null ? [] : [`deadline ${span(deadlineMs)}`]),
    `${estimate.inputTokens} + ${estimate.outputTokens} tokens expected`,
  ].join(", ")
}

const passedOver = (candidates: ReadonlyArray<Candidate>): string => {
  const told = candidates.map(
    ({ channel, account, reason }) =>
      `${account === undefined ? `channel/${channel}` : `account/${account}`} (${reason.replaceAll("_", " ")})`,
  )
  // The same candidate is asked again in each round of the routing.
  return [...new Set(told)].join(", ")
}

/** A cooldown ends long after the request, in a commit of its own. */
const laterEnds = (
  caused: ReadonlyArray<PastCooldown>,
  facts: ReadonlyArray<Fact>,
): ReadonlyArray<StoryStep> =>
  caused.flatMap(({ actor, id, end }) => {
    const isTold = facts.some(
      (fact) => fact.type.endsWith("cooldown_ended") && "id" in fact && fact.id === id,
    )
    return end === null || isTold
      ? []
      : [{ at: end, actor, sentence: `the cooldown of ${actor} that it caused ends` }]
  })

/** Names the actors whose cooldowns matter to a request: those that it met, and those that it made cool. */
export const coolingActors = (
  request: string,
  found: ReadonlyArray<PositionedFact>,
): ReadonlyArray<string> => {
  const actors = found.flatMap(({ fact }) => {
    if (fact.type === "request.completed" && fact.request === request)
      return fact.candidates
        .filter(({ reason }) => reason.includes("cooling"))
        .map(({ channel, account }) => (account === undefined ? `channel/${channel}` : `account/${account}`))
    return fact.type.includes("cooldown_") && isNamedAfter(request, fact) ? [fact.actor] : []
  })
  return [...new Set(actors)]
}
