import { Schema } from "effect"
import {
  accountLimit,
  anyWholeNumber,
  filledList,
  filledText,
  limit,
  openSpanMs,
  optional,
  required,
  wholeNumber,
} from "./configuration-field.ts"
import { Protocol } from "./field.ts"
import { Id } from "./identifier.ts"

const spanMs = (description: string, defaultMs: number) =>
  optional(`Milliseconds. ${description}`, wholeNumber(0), defaultMs)

const timeoutMs = (description: string, defaultMs: number) =>
  optional(`Milliseconds. ${description}`, wholeNumber(1), defaultMs)

const named = {
  id: required("Names it for ever, in facts, metrics and URLs.", Id),
  name: optional("What people read instead of the id.", Schema.String, ""),
}

const described = {
  ...named,
  note: optional("Anything that the next operator should know.", Schema.String, ""),
  enabled: optional("False takes nothing new and lets what is in flight finish.", Schema.Boolean, true),
}

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
  weight: optional("Its share among equally free channels of a tier.", wholeNumber(1), 100),
  maxConcurrent: limit("How many attempts at once. 0 or null: unlimited."),
  queueSize: optional("How many requests may wait for a slot. 0: none.", wholeNumber(0), 100),
  queueTimeoutMs: openSpanMs(
    "Milliseconds. How long one request may wait. 0 or null: until its client leaves or its deadline passes.",
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

/** An account as its facts hold it: everything but its credential. Source: S4. */
export const AccountConfiguration = Schema.Struct({
  ...described,
  auth: optional(
    "How the credential is sent: in the provider's API key header, or as authorization: Bearer.",
    Schema.Literals(["api-key", "bearer"]),
    "api-key",
  ),
  concurrency: accountLimit("How many attempts at once. 0 or null: unlimited."),
  priority: optional("The lowest goes first.", anyWholeNumber(), 50),
  costMultiplier: optional(
    "What this account pays of the list price; recorded beside the standard cost.",
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0, { expected: "a number from 0" })),
    1,
  ),
})
export type AccountConfiguration = typeof AccountConfiguration.Type

/** How often a request is tried again. Source: B9. */
export const Retries = Schema.Struct({
  attempts: optional("How many attempts one request may take in all.", wholeNumber(1), 4),
  sameAccount: optional("How many of them may repeat the same account.", wholeNumber(0), 1),
})

/** Models and the tiers of channels that serve them. Source: B1. */
export const PoolConfiguration = Schema.Struct({
  id: named.id,
  models: required(
    "Which models it serves: names, in which * stands for any text.",
    filledList(filledText, "a list of at least one pattern of a model"),
  ),
  tiers: required(
    "Lists of channel ids: the first list is tried before the second, and so on.",
    filledList(
      filledList(Id, "a list of at least one channel's id"),
      "a list of tiers, each a list of at least one channel's id",
    ),
  ),
  queueBeforeFallback: optional(
    "Whether requests wait in the first tier rather than spill to the second.",
    Schema.Boolean,
    false,
  ),
  retries: optional("How often a request is tried again.", Retries, {}),
  drainTimeoutMs: spanMs(
    "How long an upstream is read on for its usage after the client left. 0: not at all.",
    10_000,
  ),
})
export type PoolConfiguration = typeof PoolConfiguration.Type

/** Who calls the proxy, as its facts hold it: everything but its key. */
export const ClientConfiguration = Schema.Struct({
  ...named,
  pools: optional(
    "The pools that it may use. null: all.",
    Schema.NullOr(Schema.Array(Id)).annotate({ expected: "a list of pool ids, or null for all" }),
    null,
  ),
  weight: optional("Its share of a queue among the clients that wait.", wholeNumber(1), 1),
})
export type ClientConfiguration = typeof ClientConfiguration.Type

/** What holds for the whole installation. Source: S4, L7, L9, L10, L12. */
export const Settings = Schema.Struct({
  commit: optional(
    "Whether an attempt is sent while its lease is being stored (overlapped) or after it (strict). null: overlapped with the embedded log, else strict.",
    Schema.NullOr(Schema.Literals(["overlapped", "strict"])).annotate({
      expected: "overlapped, strict or null",
    }),
    null,
  ),
  fsync: optional(
    "How often the embedded log reaches the disk: every second, or with every commit.",
    Schema.Literals(["1s", "always"]),
    "1s",
  ),
  shutdownGraceMs: spanMs("How long a stop waits for what is in flight.", 30_000),
  restartQuarantineMs: spanMs(
    "Nothing is granted for so long after an unclean stop, because upstreams may still count its attempts.",
    2_000,
  ),
  bodyLimitBytes: optional("The largest request body, in bytes.", wholeNumber(1), 32 * 1024 * 1024),
  prices: optional(
    "A file of list prices that override the built-in ones, relative to this file.",
    Schema.NullOr(filledText).annotate({ expected: "the path of a file, or null" }),
    null,
  ),
})
export type Settings = typeof Settings.Type

const SecretReference = Schema.String.check(
  Schema.isPattern(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/u, {
    expected: "a reference to a secret: env:NAME or file:PATH",
  }),
)

/** An account as the file declares it. */
export const DeclaredAccount = Schema.Struct({
  ...AccountConfiguration.fields,
  credential: required("Where the secret is: env:NAME, or file:PATH relative to this file.", SecretReference),
})
export type DeclaredAccount = typeof DeclaredAccount.Type

/** A channel as the file declares it; without accounts it has one implicit account that needs no credential. */
export const DeclaredChannel = Schema.Struct({
  ...ChannelConfiguration.fields,
  accounts: optional(
    "Its credentials. None: the upstream needs no credential.",
    Schema.Array(DeclaredAccount),
    [],
  ),
})
export type DeclaredChannel = typeof DeclaredChannel.Type

/** A client as the file declares it. */
export const DeclaredClient = Schema.Struct({
  ...ClientConfiguration.fields,
  key: required("Where its key is: env:NAME, or file:PATH relative to this file.", SecretReference),
})
export type DeclaredClient = typeof DeclaredClient.Type

/** The configuration file as it is written, every default filled in. Source: S4. */
export const ConfigurationFile = Schema.Struct({
  settings: optional("What holds for the whole installation.", Settings, {}),
  pools: required("Which channels serve which models.", Schema.Array(PoolConfiguration)),
  channels: required("The upstreams.", Schema.Array(DeclaredChannel)),
  clients: optional(
    "Who may call. None: anyone on this machine, as the client local.",
    Schema.Array(DeclaredClient),
    [],
  ),
})
export type ConfigurationFile = typeof ConfigurationFile.Type
