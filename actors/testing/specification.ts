import type { Fact } from "@sluice/events/commit.ts"
import { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { Schema } from "effect"
import { expect } from "vitest"
import type { Acquire, Command, Decision, Enqueue, Rejection429, Release } from "../decisions/command.ts"
import { decide } from "../decisions/decide.ts"
import { reactions } from "../decisions/reactions.ts"
import { createGroup, evolve, type Group } from "../group/group.ts"

/** The instant at which every specification begins. */
export const start = 1_790_000_000_000

const channelOf = Schema.decodeUnknownSync(ChannelConfiguration)
const accountOf = Schema.decodeUnknownSync(AccountConfiguration)

/** A channel `c` with one account `a` (or those given), configured. */
export const configured = (
  channel: Partial<typeof ChannelConfiguration.Encoded> = {},
  accounts: ReadonlyArray<Partial<typeof AccountConfiguration.Encoded>> = [{}],
): Command => ({
  type: "configure",
  channel: channelOf({ id: "c", protocol: "openai", baseUrl: "http://upstream", models: ["m"], ...channel }),
  accounts: accounts.map((account, index) => accountOf({ id: index === 0 ? "a" : `a${index}`, ...account })),
  credentials: new Map(),
  by: "file",
})

const applicant = (request: string) => ({
  request,
  attempt: 1,
  client: "alice",
  weight: 1,
  model: "m",
  estimate: { inputTokens: 10, outputTokens: 20 },
})

/** A request that asks for a slot. */
export const acquire = (request: string, more: Partial<Acquire> = {}): Command => ({
  ...applicant(request),
  type: "acquire",
  arrivedAt: start,
  since: start,
  tried: new Set(),
  ...more,
})

/** A request that asks for a place in the queue. */
export const enqueue = (request: string, more: Partial<Enqueue> = {}): Command => ({
  ...applicant(request),
  type: "enqueue",
  arrivedAt: start,
  deadlineAt: null,
  ...more,
})

/** The end of a request's first attempt, as the upstream made it. */
export const release = (request: string, more: Partial<Release> = {}): Command => ({
  type: "release",
  lease: `${request}.1`,
  account: "a",
  outcome: "ok",
  status: 200,
  ttftMs: 5,
  endedAt: start,
  dispatched: true,
  jitter: 0,
  ...more,
})

/** The end of an attempt that the provider rejected. */
export const rejected = (request: string, more: Partial<Release> = {}): Command =>
  release(request, {
    outcome: "rate_limited",
    status: 429,
    rejection: {
      classification: "requests",
      evidence: {},
      retryAfterMs: null,
      resetAt: null,
      isOfModel: false,
      statedLimit: null,
      summary: "too many requests",
    },
    ...more,
  })

/** A rejection as one too many at once. */
export const tooMany: Rejection429 = {
  classification: "concurrency",
  evidence: {},
  retryAfterMs: null,
  resetAt: null,
  isOfModel: false,
  statedLimit: null,
  summary: "too many at once",
}

/** The end of an attempt that the provider rejected as one too many at once. */
export const crowded = (request: string, more: Partial<Rejection429> = {}): Command =>
  rejected(request, { rejection: { ...tooMany, ...more } })

/** The word that the upstream took a request's first attempt. */
export const accepted = (request: string, account = "a"): Command => ({
  type: "accept",
  lease: `${request}.1`,
  account,
  ttfbMs: 80,
})

type Step = Command | { readonly afterMs: number }

/** Lets commands happen to a group, one after the other, with all that follows by itself; a span moves the time. */
export const run = (
  group: Group,
  steps: ReadonlyArray<Step>,
  from = start,
): { facts: Array<Fact>; now: number; last: Decision } => {
  const facts: Array<Fact> = []
  let now = from
  let last: Decision = { kind: "facts", facts: [] }
  const take = (taken: ReadonlyArray<Fact>) => {
    for (const fact of taken) evolve(group, fact)
    facts.push(...taken)
  }
  const follow = () => {
    for (let next = reactions(group, now); next.length > 0; next = reactions(group, now)) take(next)
  }
  for (const step of steps) {
    if ("afterMs" in step) now += step.afterMs
    else {
      last = decide(group, step, now)
      if (last.kind === "facts") take(last.facts)
    }
    follow()
  }
  return { facts, now, last }
}

/** Begins a specification: what happened before. */
export const given = (...before: ReadonlyArray<Step>) => ({
  /** What is asked now. */
  when: (...steps: ReadonlyArray<Step>) => {
    const group = createGroup()
    const { now } = run(group, before)
    const { facts, last } = run(group, steps, now)
    return {
      group,
      facts,
      last,
      /** The facts that follow, in order, each with at least these fields. */
      then: (...expected: ReadonlyArray<Partial<Record<string, unknown>>>) => {
        expect(facts).toMatchObject(expected)
        expect(facts).toHaveLength(expected.length)
      },
      /** The domain says no, for these reasons. */
      thenDenied: (...reasons: ReadonlyArray<string>) => {
        expect(last.kind === "denied" ? last.denials.map(({ reason }) => reason) : last).toEqual(reasons)
        expect(facts).toEqual([])
      },
    }
  },
})
