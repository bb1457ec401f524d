import type { Command } from "@sluice/actors/decisions/command.ts"
import {
  acquire,
  configured,
  enqueue,
  rejected,
  release,
  start,
} from "@sluice/actors/testing/specification.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, test } from "vitest"
import { completed } from "../testing/completed.ts"
import { record, type Step, subject } from "../testing/recorded-log.ts"
import type { PositionedFact } from "./own-facts.ts"
import { coolingActors, type PastCooldown, storyOf } from "./story.ts"

const placed = (...steps: ReadonlyArray<Step>): ReadonlyArray<PositionedFact> =>
  record(...steps).flatMap(({ facts, version }) =>
    facts.map((fact, index) => ({ subject, version, index, fact })),
  )

const ending = (fact: Fact): PositionedFact => ({
  subject: "sluice.log.ingress.n1",
  version: 1,
  index: 0,
  fact,
})

const sentencesOf = (
  request: string,
  found: ReadonlyArray<PositionedFact>,
  cooldowns: ReadonlyArray<PastCooldown> = [],
): ReadonlyArray<string> => storyOf(request, found, cooldowns).story.map(({ sentence }) => sentence)

const metered = (request: string): Command => ({
  type: "meter",
  lease: `${request}.1`,
  account: "a",
  model: "m",
  tokens: { input: 9, output: 39, cacheRead: 100, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 5 },
  standardCostNanoUsd: 165_000,
  priced: true,
  prices: "test",
  complete: true,
  estimated: false,
})

describe("the story of a request (R2)", () => {
  test("goes from its arrival over lease and usage to its end", () => {
    const found = placed(configured(), acquire("r1"), { afterMs: 500 }, metered("r1"), release("r1"))
    const story = storyOf("r1", [...found, ending(completed("r1"))], [])
    expect(story).toMatchObject({
      arrivedAt: start,
      status: 200,
      attempts: 0,
      totalMs: 500,
      costNanoUsd: 165_000,
    })
    expect(story.story.map(({ at, sentence }) => [at - start, sentence])).toEqual([
      [
        0,
        "it arrives from client alice for m (openai /v1/chat/completions, as a stream), pool p, deadline 60 s, 10 + 20 tokens expected",
      ],
      [0, "attempt 1 gets a slot on channel/c and account/a after 0 ms (lease r1.1, new); 1 in flight"],
      [0, "account/a carries it with 1 in flight; 10 + 20 tokens are expected"],
      [500, "attempt 1 used 9 input + 100 cache read + 39 output tokens of m: 0.000165 USD"],
      [500, "attempt 1 on account/a ends ok with status 200 after 500 ms, first byte after 5 ms"],
      [
        500,
        "it ends with status 200 (ok) by c/a after 500 ms: waited 0 ms, first byte after 120 ms, 0 attempts, 10 bytes in, 20 out",
      ],
    ])
    expect(story.facts).toHaveLength(6)
  })

  test("tells of the wait, and leaves out what happened to others", () => {
    const channel = configured({ maxConcurrent: 1, queueTimeoutMs: 400 })
    const waits = [
      acquire("r1"),
      enqueue("r2"),
      enqueue("r3"),
      { afterMs: 100 },
      release("r1"),
      { afterMs: 300 },
    ]
    const found = placed(channel, ...waits)
    expect(sentencesOf("r2", found)).toEqual([
      expect.stringMatching(
        /^it waits at channel\/c, number 1 in the queue, until .* UTC, the end of the queue timeout$/,
      ),
      "attempt 1 gets a slot on channel/c and account/a after 100 ms (lease r2.1, new); 1 in flight",
      "account/a carries it with 1 in flight; 10 + 20 tokens are expected",
      "it is under way still",
    ])
    expect(sentencesOf("r3", found)).toContain("its wait at channel/c timed out after 400 ms")
  })

  test("tells what it made of the limit that its channel learns", () => {
    const learning = configured({ maxConcurrent: { adaptive: { initial: 1 } } })
    const accepted = { type: "accept", lease: "r2.1", account: "a", ttfbMs: 40 } as const
    const found = placed(learning, acquire("r1"), acquire("r2"), { afterMs: 40 }, accepted)
    expect(sentencesOf("r2", found).slice(2)).toEqual([
      "the upstream took attempt 1 after 40 ms, as its headers show",
      "the limit of channel/c goes from 1 to 2 (accepted, 2 in flight)",
      "it is under way still",
    ])
    expect(sentencesOf("r1", found).join()).not.toContain("the limit of")
  })

  test("tells of the cooldown that it caused, with what the upstream said, and of its end", () => {
    const found = placed(configured(), acquire("r1"), acquire("r2"), rejected("r1"), rejected("r2"), {
      afterMs: 5_000,
    })
    const caused = { actor: "account/a", id: "a:r1.1", start, until: start + 5_000, end: start + 5_000 }
    const told = sentencesOf("r1", found, [{ ...caused, classification: "requests" }])
    expect(told.slice(2)).toEqual([
      "attempt 1 on account/a ends rate_limited with status 429 after 0 ms, first byte after 5 ms; the upstream says requests",
      expect.stringMatching(
        /^it makes account\/a cool until .*: requests, 1 cooldown in a row, by backoff, "too many requests"$/,
      ),
      "the cooldown of account/a that it caused ends (elapsed)",
      "it is under way still",
    ])
    expect(sentencesOf("r2", found).filter((sentence) => sentence.includes("cool"))).toEqual([])
    expect(storyOf("r2", found, []).facts.filter(({ type }) => type.includes("cooldown"))).toEqual([])
    expect(coolingActors("r1", found)).toEqual(["account/a"])
    expect(coolingActors("r2", found)).toEqual([])
  })

  test("tells of the end of a cooldown that only the tables know", () => {
    const found = placed(configured(), acquire("r1"), rejected("r1"))
    const end = start + 7_000
    const past = { actor: "account/a", id: "a:r1.1", start, until: end, end, classification: "requests" }
    expect(storyOf("r1", found, [past]).story).toContainEqual({
      at: end,
      actor: "account/a",
      sentence: "the cooldown of account/a that it caused ends",
    })
  })

  test("tells who was passed over and why, and which cooldowns it met", () => {
    const candidates = [
      { channel: "c", account: "a", reason: "cooling" as const },
      { channel: "c", account: "a", reason: "cooling" as const },
      { channel: "d", reason: "queue_full" as const },
    ]
    const found = [ending(completed("r9", { candidates, channel: "", status: 429, code: "all_cooling" }))]
    const cooldown = (id: string, from: number, end: number | null) => ({
      actor: "account/a",
      id,
      start: start + from,
      until: start + 900,
      end: end === null ? null : start + end,
      classification: "tokens",
    })
    const cooldowns = [
      cooldown("a:r0.1", -900, -100),
      cooldown("a:r1.1", -50, null),
      cooldown("a:r2.1", 600, null),
    ]
    expect(coolingActors("r9", found)).toEqual(["account/a"])
    const story = storyOf("r9", found, cooldowns)
    expect(story.cooldowns).toEqual({ caused: [], met: [cooldowns[1]] })
    expect(story.story.map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^it arrives/),
      "passed over: account/a (cooling), channel/d (queue full)",
      expect.stringMatching(/^account\/a was cooling since .*, until .* \(tokens, a:r1\.1\)$/),
      expect.stringMatching(/^it ends with status 429 \(all_cooling\) after 500 ms/),
    ])
  })

  test("tells of the session that it bound, and lost with its failure", () => {
    const found = placed(
      configured(),
      acquire("r1", { session: "s" }),
      release("r1", { outcome: "upstream_error", status: 500 }),
    )
    expect(sentencesOf("r1", found)).toEqual(
      expect.arrayContaining([
        "its session s is bound to account/a from now on",
        "its session s is no longer bound to account/a: failed",
      ]),
    )
  })
})
