import {
  filledText,
  openSpanMs,
  optional,
  required,
  wholeNumber,
} from "@sluice/events/configuration/field.ts"
import { spanMs } from "@sluice/events/configuration/object.ts"
import { Schema } from "effect"
import { Level } from "./level.ts"

const positive = Schema.Finite.check(Schema.isGreaterThan(0, { expected: "a number above 0" }))
const share = Schema.Finite.check(
  Schema.isGreaterThanOrEqualTo(0, { expected: "a number from 0 to 1" }),
  Schema.isLessThanOrEqualTo(1, { expected: "a number from 0 to 1" }),
)
const seconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0, { expected: "seconds from 0" }))

/** A limit per minute, and how it is counted and told. */
const RateLimit = Schema.Struct({
  perMinute: required("How many a minute.", wholeNumber(1)),
  counts: optional(
    "In a bucket that fills evenly, or in minutes that begin anew.",
    Schema.Literals(["bucket", "minute"]),
    "bucket",
  ),
  told: optional("Whether headers and body say what is limited and what is left.", Schema.Boolean, true),
})

/** Others who use the same credential: they come and go by chance, and take part of its limit. */
const ExternalTraffic = Schema.Struct({
  mean: required("How many of them are in flight on average.", positive),
  serviceMs: optional("Milliseconds. How long one of their requests takes.", wholeNumber(1), 10_000),
})

const Outage = Schema.Struct({
  fromS: required("Seconds. When it begins.", seconds),
  forS: required("Seconds. How long it lasts.", seconds),
  answers: optional(
    "What calls meet: 503, 529, or a connection that fails.",
    Schema.Literals([503, 529, "connection"]).annotate({ expected: "503, 529 or connection" }),
    503,
  ),
})

/** What the provider behind each account does, hidden from the proxy. */
export const ProviderBehaviour = Schema.Struct({
  concurrency: optional(
    "How many it takes at once. null: any number.",
    Schema.NullOr(Level).annotate({ expected: "a level, or null for any number" }),
    null,
  ),
  perModel: optional(
    "How many of each model it takes at once, under the same credential.",
    Schema.Record(Schema.String, Level),
    {},
  ),
  concurrencyTold: optional("Whether a rejection says that it is for concurrency.", Schema.Boolean, true),
  requests: optional(
    "Its limit on requests.",
    Schema.NullOr(RateLimit).annotate({ expected: "a rate limit, or null" }),
    null,
  ),
  tokens: optional(
    "Its limit on tokens.",
    Schema.NullOr(RateLimit).annotate({ expected: "a rate limit, or null" }),
    null,
  ),
  noise: optional("The share of requests that it rejects for no reason.", share, 0),
  strangers: optional(
    "Others who use the same credential.",
    Schema.NullOr(ExternalTraffic).annotate({ expected: "strangers, or null" }),
    null,
  ),
  outages: optional("When it fails.", Schema.Array(Outage), []),
  rejectsAfterMs: spanMs("How long it takes to reject.", 5),
  countsLongerMs: spanMs("How long a slot counts after the last byte.", 0),
  aboveLimit: optional(
    "What it does above its concurrency: reject, or let wait until a slot is free.",
    Schema.Literals(["reject", "wait"]),
    "reject",
  ),
})
export type ProviderBehaviour = typeof ProviderBehaviour.Type

/** What a scenario is held to; what it does not name is not asked. Source: F9. */
const Bars = Schema.Struct({
  rejectedPer1000: Schema.optionalKey(positive),
  usePercent: Schema.optionalKey(positive),
  convergesS: Schema.optionalKey(positive),
  convergesDownS: Schema.optionalKey(positive),
  convergesUpS: Schema.optionalKey(positive),
})
export type Bars = typeof Bars.Type

const Traffic = Schema.Struct({
  load: optional(
    "How much is asked for: 1 is what the provider can serve at its best. It may change over time.",
    Level,
    1.3,
  ),
  models: optional("Models by their share of the requests.", Schema.Record(Schema.String, positive), {
    "model-a": 1,
  }),
  clients: optional("How many clients share the requests.", wholeNumber(1), 4),
})

const Service = Schema.Struct({
  medianMs: optional("Milliseconds. The median.", positive, 4_500),
  p95OverP50: optional("How much longer than the median the slowest twentieth takes.", positive, 3.2),
  firstByteShare: optional("When the first byte comes, as a share of the whole.", share, 0.2),
  inputTokens: optional("Tokens of a prompt, on average.", wholeNumber(1), 1_000),
  outputTokens: optional("Tokens of an answer, on average.", wholeNumber(1), 300),
  maxTokens: optional("What a client lets the model write at most.", wholeNumber(1), 1_024),
})

const Network = Schema.Struct({
  fromMs: spanMs("The shortest way of a message, one way.", 40),
  toMs: spanMs("The longest.", 60),
})

/** A hidden provider, the traffic that meets it, and what is asked of whoever finds it out. Source: F8, F9. */
export const Scenario = Schema.Struct({
  about: required("What happens, in a sentence.", filledText),
  durationS: required("Seconds. How long it runs.", positive),
  accounts: optional("How many accounts of one channel, each with such a provider.", wholeNumber(1), 1),
  traffic: optional("What is asked for.", Traffic, {}),
  service: optional("How long requests take.", Service, {}),
  network: optional("Between the proxy and the provider.", Network, {}),
  provider: required("What the provider does.", ProviderBehaviour),
  limit: optional(
    "The bounds of an adaptive limit, and the number of a fixed one.",
    Schema.Struct({
      initial: optional("Where it starts.", wholeNumber(1), 8),
      min: optional("The least.", wholeNumber(1), 1),
      max: optional("The most.", wholeNumber(1), 200),
      fixed: optional("The number of the algorithm that is called fixed.", wholeNumber(1), 20),
    }),
    {},
  ),
  queue: optional(
    "Where requests wait for a slot.",
    Schema.Struct({
      size: optional("How many may wait.", wholeNumber(0), 100),
      timeoutMs: openSpanMs("How long one may wait.", 30_000),
    }),
    {},
  ),
  bars: optional("What it is held to.", Bars, {}),
})
export type Scenario = typeof Scenario.Type

/** A scenario by its name. */
export interface NamedScenario extends Scenario {
  readonly name: string
}
