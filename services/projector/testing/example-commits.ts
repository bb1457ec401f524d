import type { AccountFact } from "@sluice/events/account.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import { schemaNumber, type Commit, type Fact } from "@sluice/events/commit.ts"
import { actorName, channelSubject, ingressSubject } from "@sluice/events/identifier.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import {
  adjustmentFacts,
  configuredFacts,
  registeredFacts,
  stayEndedFacts,
  windowFacts,
} from "./example-account.ts"
import { exampleOf, holdMs, model, startMs, type Example } from "./example-request.ts"

/** A commit as it goes into the log, for tests and measurements. */
export interface ExampleMessage {
  readonly subject: string
  readonly id: string
  readonly commit: Commit
  readonly body: string
}

const client = "demo"
const node = "node-1"
const evidence = { "retry-after": "5", "error.code": "rate_limit_exceeded" }

const acquiredFacts = ({ at, channel, account, lease, number, session }: Example): ReadonlyArray<Fact> => {
  const shared = { at, ...lease, class: "new", client, model, inFlight: 1 } as const
  const estimate = { inputTokens: 100, outputTokens: 400 }
  const waitMs = number % 97
  return [
    { actor: actorName("channel", channel), type: "channel.acquired", ...shared, account, waitMs },
    {
      actor: actorName("account", account),
      type: "account.acquired",
      ...shared,
      ...(session === undefined ? {} : { session }),
      estimate,
    },
  ]
}

const usageFact = ({ at, account, lease, number }: Example): AccountFact => ({
  actor: actorName("account", account),
  type: "account.usage_recorded",
  at: at + holdMs,
  ...lease,
  client,
  model,
  tokens: { input: 100 + number, output: 300, cacheRead: 7, cacheWrite5m: 5, cacheWrite1h: 3, reasoning: 11 },
  standardCostNanoUsd: 1_000_000_007 + number,
  costNanoUsd: 2_000_000_014 + 2 * number,
  multiplier: 2,
  priced: true,
  complete: number % 2 === 0,
  estimated: false,
  prices: "2026-10-01",
})

const releasedFacts = ({ at, channel, account, lease, isRateLimited }: Example): ReadonlyArray<Fact> => {
  const shared = { at: at + holdMs, ...lease, holdMs, inFlight: 0 }
  const end = isRateLimited
    ? ({ outcome: "rate_limited", status: 429, ttftMs: null } as const)
    : ({ outcome: "ok", status: 200, ttftMs: 120 } as const)
  return [
    { actor: actorName("channel", channel), type: "channel.released", ...shared, ...end, account },
    { actor: actorName("account", account), type: "account.released", ...shared, ...end, startedAt: at },
  ]
}

const cause = (at: number) =>
  ({
    until: at + holdMs + 5_000,
    consecutive: 1,
    classification: "requests",
    evidence,
    source: "retry_after",
    backoffMs: 4_900,
    retryAfterMs: 5_000,
    status: 429,
    summary: "rate limit reached",
    model,
  }) as const

const firstStep = ({ at, account, number }: Example): AccountFact => ({
  actor: actorName("account", account),
  type: "account.cooldown_started",
  at: at + holdMs,
  id: `cooldown-${number}`,
  ...cause(at),
})

const laterSteps = ({ at, account, number }: Example): ReadonlyArray<AccountFact> => {
  const id = `cooldown-${number}`
  const actor = actorName("account", account)
  const extended = { ...cause(at + 1_000), classification: "overloaded" } as const
  return [
    { actor, type: "account.cooldown_extended", at: at + holdMs + 1, id, ...extended },
    { actor, type: "account.cooldown_ended", at: at + holdMs + 6_000, id, reason: "elapsed" },
  ]
}

const refusedFacts = ({ at, channel, lease, number }: Example): ReadonlyArray<ChannelFact> => {
  const actor = actorName("channel", channel)
  const { request, attempt } = lease
  if (number % 30 === 9)
    return [
      {
        actor,
        type: "channel.rejected",
        at,
        request,
        reason: "queue_full",
        inFlight: 2,
        waiting: 3,
        count: 4,
      },
    ]
  if (number % 30 === 19)
    return [{ actor, type: "channel.timed_out", at, request, attempt, waitMs: 1_500, depth: 2 }]
  return [
    { actor, type: "channel.abandoned", at, request, attempt, waitMs: 40, reason: "client_left", depth: 1 },
  ]
}

const completedFact = (example: Example): RequestCompleted => {
  const { at, channel, account, lease, isRefused, isRateLimited, number } = example
  const status = isRefused || isRateLimited ? 429 : 200
  const attempt = { attempt: 1, channel, account, status, waitMs: number % 97 }
  return {
    actor: actorName("ingress", node),
    type: "request.completed",
    at: at + holdMs,
    request: lease.request,
    client,
    protocol: "openai",
    path: "/v1/chat/completions",
    model,
    pool: "demo",
    streaming: number % 2 === 0,
    arrivedAt: at,
    deadlineMs: null,
    estimate: { inputTokens: 100, outputTokens: 400 },
    maxTokens: null,
    candidates: isRefused ? [{ channel, reason: "queue_full" }] : [],
    attempts: isRefused ? [] : [{ ...attempt, outcome: isRateLimited ? "rate_limited" : "ok" }],
    channel: isRefused ? "" : channel,
    account: isRefused ? "" : account,
    status,
    code: isRefused ? "channel_queue_full" : isRateLimited ? "upstream_error" : "ok",
    waitMs: number % 97,
    ttftMs: status === 200 ? 120 : null,
    totalMs: holdMs,
    bytesIn: 512,
    bytesOut: 2_048,
    ...(example.session === undefined ? {} : { session: example.session, sessionSource: "header" as const }),
  }
}

/** The commits of one request's story, each with the subject that it belongs to. */
const storyOf = (example: Example): ReadonlyArray<{ subject: string; facts: ReadonlyArray<Fact> }> => {
  const subject = channelSubject(example.channel)
  const before = [
    example.isFirst ? configuredFacts(example) : [],
    windowFacts(example),
    adjustmentFacts(example),
  ].flat()
  const ending = { subject: ingressSubject(node), facts: [completedFact(example)] }
  if (example.isRefused) return [{ subject, facts: refusedFacts(example) }, ending]
  const stayEnded = stayEndedFacts(example)
  const cooldown = example.isRateLimited ? [firstStep(example)] : []
  return [
    ...(before.length === 0 ? [] : [{ subject, facts: before }]),
    { subject, facts: [...acquiredFacts(example), ...registeredFacts(example)] },
    { subject, facts: [usageFact(example), ...releasedFacts(example), ...cooldown] },
    ...(example.isRateLimited ? [{ subject, facts: laterSteps(example) }] : []),
    ending,
    ...(stayEnded.length === 0 ? [] : [{ subject, facts: stayEnded }]),
  ]
}

/**
 * Makes the commits of requests that are served, refused and rate limited in turn, over a month's end.
 *
 * The same arguments give the same commits.
 */
export function* exampleCommits({
  requests,
  channels = 4,
}: {
  requests: number
  channels?: number
}): Generator<ExampleMessage> {
  const versions = new Map<string, number>()
  for (let number = 0; number < requests; number++)
    for (const { subject, facts } of storyOf(exampleOf(number, channels))) {
      const version = (versions.get(subject) ?? 0) + 1
      versions.set(subject, version)
      const id = `${subject}-${version}`
      const at = facts[0]?.at ?? startMs
      const commit: Commit = { commit: id, version, at, node, epoch: 1, schema: schemaNumber, facts }
      yield { subject, id, commit, body: JSON.stringify(commit) }
    }
}
