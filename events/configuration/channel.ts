import { Schema } from "effect"
import { Protocol } from "../field.ts"
import { filledList, filledText, limit, openSpanMs, optional, required, wholeNumber } from "./field.ts"
import { channelConcurrency } from "./learnable-limit.ts"
import { described, spanMs, timeoutMs } from "./object.ts"

/** In which order those are served that wait. Source: A7. */
export const QueueOrder = Schema.Literals(["fair", "fifo"])
export type QueueOrder = typeof QueueOrder.Type

/** How long a cooldown lasts. Source: C3, C5. */
export const CooldownConfiguration = Schema.Struct({
  baseMs: timeoutMs("The first cooldown after a success.", 5_000),
  maxMs: timeoutMs("The longest cooldown that the backoff makes.", 300_000),
  backoff: optional(
    "How a cooldown grows with each one before it.",
    Schema.Literals(["exponential", "linear"]),
    "exponential",
  ),
  guardMs: spanMs("Nothing is sent at an account so shortly before its cooldown ends.", 1_000),
})
export type CooldownConfiguration = typeof CooldownConfiguration.Type

/** How long an upstream may take. */
export const Timeouts = Schema.Struct({
  connectMs: timeoutMs("Until the connection stands.", 10_000),
  firstByteMs: timeoutMs("From the request to the first byte of the answer.", 300_000),
  stallMs: timeoutMs("Between two pieces of an answer.", 120_000),
})

/** A model that a channel serves: its name, or the name that clients use and the one that the upstream knows. */
export const ServedModel = Schema.Union([
  filledText,
  Schema.Struct({
    from: required("The name that clients ask for.", filledText),
    to: required("The name that the upstream knows.", filledText),
  }),
]).annotate({ expected: "a model's name or { from, to }" })
export type ServedModel = typeof ServedModel.Type

const BaseUrl = Schema.String.check(
  Schema.isPattern(/^https?:\/\/[^\s/?#@]+[^\s?#@]*$/u, {
    expected: "an http:// or https:// URL without user, query or fragment",
  }),
)

/** A channel as its facts hold it: everything but its accounts. Source: S4. */
export const ChannelConfiguration = Schema.Struct({
  ...described,
  protocol: required("The wire protocol that the upstream speaks.", Protocol),
  baseUrl: required("Where the upstream is, up to and without the path of an endpoint.", BaseUrl),
  headers: optional(
    "Sent with every request. A credential belongs to an account, not here.",
    Schema.Record(Schema.String, Schema.String),
    {},
  ),
  usageInStream: optional(
    "Whether streams are asked for their usage figures where the client did not.",
    Schema.Literals(["ask", "never"]),
    "ask",
  ),
  models: required(
    "What it serves: a model's name, or { from, to } where the upstream knows it by another name.",
    filledList(ServedModel, "a list of at least one model"),
  ),
  mode: optional(
    "hard: never above the limit, then requests wait. soft: nothing is blocked, a channel at its limit only ranks lower.",
    Schema.Literals(["hard", "soft"]),
    "hard",
  ),
  queueOrder: optional(
    "In which order requests are served that wait: fair between clients, or fifo over all. null: as the settings say.",
    Schema.NullOr(QueueOrder).annotate({ expected: "fair, fifo or null" }),
    null,
  ),
  rpm: limit("How many requests a minute. 0 or null: unlimited."),
  tpm: limit("How many tokens a minute. 0 or null: unlimited."),
  burstSeconds: optional(
    "How many seconds' worth of rpm and tpm may come at once, here and on its accounts. 1 where the provider counts strictly.",
    wholeNumber(1),
    10,
  ),
  unknownRejection: optional(
    "What a 429 means that brings no evidence of its limit.",
    Schema.Literals(["unknown", "concurrency", "requests", "tokens", "overloaded"]),
    "unknown",
  ),
  weight: optional("Its share among equally free channels of a tier.", wholeNumber(1), 100),
  maxConcurrent: channelConcurrency,
  queueSize: optional("How many requests may wait for a slot. 0: none.", wholeNumber(0), 100),
  queueTimeoutMs: openSpanMs(
    "Milliseconds. How long one request may wait, over all of its waits. 0 or null: until its client leaves or its deadline passes.",
    30_000,
  ),
  abortLingerMs: spanMs(
    "A slot is held so much longer after an abort, which the upstream still counts.",
    100,
  ),
  releaseLingerMs: spanMs("A slot is held so much longer after a normal end.", 0),
  cooldown: optional("How long it is left alone after a rejection.", CooldownConfiguration, {}),
  timeouts: optional("How long the upstream may take.", Timeouts, {}),
})
export type ChannelConfiguration = typeof ChannelConfiguration.Type
