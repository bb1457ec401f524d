import type { Command } from "@sluice/actors/decisions/command.ts"
import { channelOf, contextOf, createGroup, type Group } from "@sluice/actors/group/group.ts"
import { createIngress, decideIngress } from "@sluice/actors/ingress/machine.ts"
import { acquire, configured, release, run, start } from "@sluice/actors/testing/specification.ts"
import { Commit, decodeCommit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import type { ModelPrice } from "@sluice/events/configuration/price.ts"
import { tokensOf } from "@sluice/events/field.ts"
import { Schema } from "effect"
import fc from "fast-check"
import { expect, test } from "vitest"
import { lostRequestFields } from "../hosting/lost-requests.ts"
import { meaningOf, windowEndsAt } from "../providers/classification/classification.ts"
import { endpointAt } from "../providers/endpoints.ts"
import type { WireProtocol } from "../providers/protocol.ts"
import { scanBody } from "../testing/scan-body.ts"
import { expectedOf, meteredOf } from "../usage/metering.ts"
import { createPricing } from "../usage/pricing.ts"

/** Numbers as clients, upstreams and operators write them, the absurd ones more often than the others. */
const numbers = fc.constantFrom(
  "9007199254740991",
  "9007199254740993",
  "12345678901234567890",
  "1e308",
  "1e999",
  "1e15",
  "99999999999.5",
  "-1",
  "-9007199254740991",
  "0",
  "0.5",
  "7",
  '"many"',
  "null",
)

/** All members in which the protocols have numbers, each with one of its own. */
const bodyOf = (next: () => string): string =>
  `{"model":"m","stream":true,${["max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of"]
    .map((name) => `"${name}":${next()}`)
    .join(",")},"generationConfig":{"maxOutputTokens":${next()},"candidateCount":${next()}}}`

const usageMembers = [
  "prompt_tokens",
  "completion_tokens",
  "input_tokens",
  "output_tokens",
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "promptTokenCount",
  "toolUsePromptTokenCount",
  "cachedContentTokenCount",
  "candidatesTokenCount",
  "thoughtsTokenCount",
]

const usageOf = (next: () => string): string => {
  const flat = usageMembers.map((name) => `"${name}":${next()}`).join(",")
  const details = (...names: ReadonlyArray<string>) =>
    `{${names.map((name) => `"${name}":${next()}`).join(",")}}`
  const nested =
    `"prompt_tokens_details":${details("cached_tokens")},"completion_tokens_details":${details("reasoning_tokens")},` +
    `"input_tokens_details":${details("cached_tokens")},"output_tokens_details":${details("reasoning_tokens")},` +
    `"cache_creation":${details("ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens")}`
  return `{"usage":{${flat},${nested}},"usageMetadata":{${flat}}}`
}

const headerNames = [
  "retry-after",
  "retry-after-ms",
  "x-ratelimit-limit",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-limit-requests",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "x-ratelimit-limit-tokens",
  "x-ratelimit-remaining-tokens",
  "anthropic-ratelimit-tokens-limit",
  "anthropic-ratelimit-tokens-remaining",
  "anthropic-ratelimit-unified-5h-reset",
  "anthropic-ratelimit-unified-5h-utilization",
  "x-codex-primary-used-percent",
  "x-codex-primary-reset-at",
  "x-codex-primary-reset-after-seconds",
  "x-codex-primary-window-minutes",
]

const paths = [
  "/v1/chat/completions",
  "/v1/embeddings",
  "/v1/responses",
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/v1beta/models/m:generateContent",
]

const protocolAt = (path: string): WireProtocol => {
  const protocol = endpointAt(path)
  if (protocol === undefined) throw new Error(`nothing is spoken at ${path}`)
  return protocol
}

/** What one request, its answer and its channel say. */
const says = fc.record({
  path: fc.constantFrom(...paths),
  numbers: fc.infiniteStream(numbers),
  bytes: fc.constantFrom(10, 32 * 1024 * 1024),
  writtenTokens: fc.constantFrom(0, 5, 1e12),
  picoUsd: fc.constantFrom(0, 1, 75_000_000, 1e12),
  ending: fc.constantFrom("ok" as const, "broken" as const, "rejected" as const, "none" as const),
  passMs: fc.constantFrom(0, 1_000, 400_000_000),
})

const spans = fc.constantFrom(1, 30_000, Number.MAX_SAFE_INTEGER)
const perMinute = fc.constantFrom(null, 1, 60_000, Number.MAX_SAFE_INTEGER)
const operator = fc.record({
  maxMs: spans,
  queueTimeoutMs: spans,
  rpm: perMinute,
  tpm: perMinute,
  limitUsd: fc.constantFrom(0, 5, 1e300),
  costMultiplier: fc.constantFrom(0, 1, 1e300),
  concurrency: fc.constantFrom(null, "adaptive" as const),
})

const encode = Schema.encodeSync(Commit)

/** Facts are stored and read again as they were. */
const store = (facts: ReadonlyArray<Fact>): void => {
  const told = {
    commit: "c",
    version: 1,
    at: start,
    node: "n1",
    epoch: 1,
    schema: schemaNumber,
    facts,
  } as const
  const json = JSON.stringify(encode(told))
  expect(JSON.stringify(decodeCommit(json))).toBe(json)
}

const wholeSums = (group: Group): void => {
  for (const actor of group.accounts.values()) {
    const { windowCostNanoUsd, heldCostNanoUsd, costs, rpm, tpm } = contextOf(actor)
    for (const sum of [windowCostNanoUsd, heldCostNanoUsd, ...costs.map(([, nanoUsd]) => nanoUsd)])
      expect(Number.isSafeInteger(sum) && sum >= 0).toBe(true)
    for (const bucket of [rpm, tpm, channelOf(group).tpm])
      expect(Number.isFinite(bucket?.level ?? 0)).toBe(true)
  }
}

type Said = typeof says extends fc.Arbitrary<infer T> ? T : never

const pricingAt = (picoUsd: number) => {
  const price: ModelPrice = {
    inputPicoUsd: picoUsd,
    outputPicoUsd: picoUsd,
    cacheReadPicoUsd: picoUsd,
    cacheWrite5mPicoUsd: picoUsd,
    cacheWrite1hPicoUsd: picoUsd,
    longPrompts: [],
  }
  return createPricing(
    () => ({ version: "v", priceOf: () => price }),
    () => undefined,
  )
}

/** What a rejection says, by its headers and its words. */
const rejectionIn = (protocol: WireProtocol, next: () => string, now: number) => {
  const headers = Object.fromEntries(headerNames.map((name) => [name, next().replaceAll('"', "")]))
  const message = `concurrency limit of ${next()}, requests per minute limit ${next()}`
  const { rejection } = meaningOf(
    { status: 429, headers, words: { type: "", code: "", message } },
    { protocol: protocol.name, unknownRejection: "unknown", nowMs: now },
  )
  return { rejection, endsAt: windowEndsAt(protocol.name, headers, now) }
}

/** What happens to a group in one request, from what is said of it, and what is recorded of it. */
const happening = (said: Said, nth: number, now: number) => {
  const stream = said.numbers[Symbol.iterator]()
  const next = () => stream.next().value ?? "0"
  const protocol = protocolAt(said.path)
  // A text in a number's place is refused.
  const sent = bodyOf(() => next().replace('"many"', "null"))
  const ask = protocol.read({ ...scanBody(protocol, sent), bytes: said.bytes }, said.path)
  if (typeof ask === "string") throw new Error(ask)
  const expected = expectedOf(ask)
  const { estimate } = expected
  const costOf = pricingAt(said.picoUsd)
  const usage: unknown = JSON.parse(usageOf(next))
  const known = said.ending === "broken" ? undefined : protocol.readFigures(usage, undefined)
  const figures = known && protocol.readFigures(usage, known)
  const metered = meteredOf("m", { figures, writtenTokens: said.writtenTokens }, expected)
  const { rejection, endsAt } = rejectionIn(protocol, next, now)
  const request = `r${nth}`
  const estimatedCostNanoUsd = costOf("m", tokensOf(estimate)).standardCostNanoUsd
  const meter = { ...metered, ...costOf("m", metered.tokens), lease: `${request}.1`, account: "a" }
  const end = { endedAt: now, ...(endsAt === undefined ? {} : { windowEndsAt: endsAt }) }
  const rejected = rejection && ({ outcome: "rate_limited", status: 429, rejection } as const)
  const asked = acquire(request, { estimate, estimatedCostNanoUsd, arrivedAt: now, since: now })
  const commands: Record<Said["ending"], ReadonlyArray<Command>> = {
    ok: [asked, { type: "meter", ...meter }, release(request, end)],
    broken: [asked, { type: "meter", ...meter }, release(request, { ...end, outcome: "client_closed" })],
    rejected: [asked, release(request, { ...end, ...rejected })],
    none: [asked],
  }
  const lost = { request, client: "c", model: "m", channel: "c", account: "a", arrivedAt: now }
  const fields = lostRequestFields(lost, { protocol: protocol.name, now })
  const completed = { ...fields, estimate, maxTokens: ask.maxTokens }
  const { facts } = decideIngress(createIngress(), { type: "complete", node: "n1", request: completed }, now)
  return { commands: commands[said.ending], completed: facts, costOf }
}

test("no number that a client, an upstream or an operator can write makes a fact that cannot be read, or a sum that is not exact", () => {
  fc.assert(
    fc.property(operator, fc.array(says, { minLength: 1, maxLength: 12 }), (of, all) => {
      const group = createGroup()
      let now = start
      const take = (...commands: ReadonlyArray<Command>) => {
        store(run(group, commands, now).facts)
        wholeSums(group)
      }
      const { rpm, tpm, limitUsd, costMultiplier, concurrency } = of
      const cooldown = { baseMs: of.maxMs, maxMs: of.maxMs }
      take(
        configured({ cooldown, queueTimeoutMs: of.queueTimeoutMs, rpm, tpm }, [
          { concurrency, rpm, tpm, windowCost: { limitUsd, stickyReserveUsd: limitUsd }, costMultiplier },
        ]),
      )
      for (const [nth, said] of all.entries()) {
        const { commands, completed } = happening(said, nth, now)
        store(completed)
        take(...commands)
        take({
          ...(acquire(`w${nth}`) as Extract<Command, { type: "acquire" }>),
          type: "enqueue",
          deadlineAt: null,
        })
        now += said.passMs
        take()
      }
      const { costOf } = happening(all[0] as Said, 0, now)
      take({ type: "recover", costOf: (model, estimate) => costOf(model, tokensOf(estimate)) })
    }),
    { numRuns: 100, seed: 20_261_130 },
  )
})
