import { Schema } from "effect"
import { Id } from "../identifier.ts"
import { AccountConfiguration } from "./account.ts"
import { AdaptiveSettings } from "./adaptive-limit.ts"
import { ChannelConfiguration, QueueOrder } from "./channel.ts"
import { absent, filledList, filledText, limit, optional, required, wholeNumber } from "./field.ts"
import { named, spanMs, timeoutMs } from "./object.ts"

/** In this time the attempts of a request begin where its pool says no other: as long as the official SDKs wait for an answer. */
export const usualWithinMs = 600_000

/** How often a request is tried again, and for how long. Facts of older pools do not tell `withinMs`. Source: B9. */
export const Retries = Schema.Struct({
  attempts: optional("How many attempts one request may take in all.", wholeNumber(1), 4),
  sameAccount: optional("How many of them may repeat the same account.", wholeNumber(0), 1),
  withinMs: Schema.optionalKey(
    Schema.annotateEncoded<ReturnType<typeof wholeNumber>>({
      description: "Milliseconds. How long after the first of them another one may begin.",
      default: usualWithinMs,
    })(wholeNumber(1)),
  ),
})

/** Models and the tiers of channels that serve them. Source: B1. */
export const PoolConfiguration = Schema.Struct({
  id: named.id,
  models: required(
    "Which models it serves: names, in which * stands for any text, ? for one character, [a-c] for one of those, and {a,b} for either text.",
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
  stickyMaxWaiting: optional(
    "How many requests may wait for the account that their sessions are bound to.",
    wholeNumber(0),
    3,
  ),
  stickyWaitTimeoutMs: timeoutMs("How long they wait there, at most.", 120_000),
  stickySpillMs: spanMs(
    "An expected wait there that is longer sends them elsewhere, where someone else can serve.",
    10_000,
  ),
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
  maxConcurrent: limit("How many requests at once, waiting ones too. 0 or null: unlimited."),
  rpm: limit("How many requests a minute. 0 or null: unlimited."),
})
export type ClientConfiguration = typeof ClientConfiguration.Type

/** What is purged from the log: commits that a checkpoint stands for and that the tables hold, once they are old or the log is large. Source: L5. */
export const Retention = Schema.Struct({
  days: optional("Commits that are younger than so many days stay, while there is room.", wholeNumber(1), 14),
  bytes: optional(
    "Where the log takes more bytes, the oldest commits go before their time.",
    wholeNumber(1),
    20e9,
  ),
})
export type Retention = typeof Retention.Type

/** What `bodyBudgetBytes` is where the settings do not say it. */
export const defaultBodyBudgetBytes = 512 * 1024 * 1024

const networks = Schema.Array(filledText)

/** So much of the disk is kept free where the settings say nothing else. Source: S9. */
export const usualMinFreeDiskBytes = 1e9

/** What holds for the whole installation. Facts of older settings do not tell `bodyBudgetBytes`, `minFreeDiskBytes` and `trustedProxies`. Source: S4, L7, L9, L10, L12. */
export const Settings = Schema.Struct({
  queueOrder: optional(
    "In which order requests are served that wait: fair between clients by weight, or fifo over all.",
    QueueOrder,
    "fair",
  ),
  commit: optional(
    "Whether an attempt is sent while its lease is being stored (overlapped) or after it (strict). null: overlapped with the embedded log, else strict.",
    Schema.NullOr(Schema.Literals(["overlapped", "strict"])).annotate({
      expected: "overlapped, strict or null",
    }),
    null,
  ),
  onLogUnavailable: optional(
    "Whether commits go to a file while the log does not answer (spool, with the embedded log only) or nothing is admitted (refuse). null: spool with the embedded log, else refuse.",
    Schema.NullOr(Schema.Literals(["spool", "refuse"])).annotate({ expected: "spool, refuse or null" }),
    null,
  ),
  spoolLimitBytes: optional(
    "How much that file may hold, in bytes. From half of it on nothing new is admitted.",
    wholeNumber(1),
    256 * 1024 * 1024,
  ),
  fsync: optional(
    "How often the embedded log reaches the disk: every second, or with every commit.",
    Schema.Literals(["1s", "always"]),
    "1s",
  ),
  trustedProxies: Schema.optionalKey(
    Schema.annotateEncoded<typeof networks>({
      description:
        "Proxies in front of this one, as addresses or networks such as 10.0.0.0/8: they are believed in x-forwarded-for.",
      default: [],
    })(networks),
  ),
  minFreeDiskBytes: Schema.optionalKey(
    Schema.annotateEncoded<ReturnType<typeof wholeNumber>>({
      description:
        "Nothing new is admitted while fewer bytes are free on the disk of the data directory. 0: never mind.",
      default: usualMinFreeDiskBytes,
    })(wholeNumber(0)),
  ),
  retention: optional("How much of its history the log keeps.", Retention, {}),
  shutdownGraceMs: spanMs("How long a stop waits for what is in flight.", 30_000),
  restartQuarantineMs: spanMs(
    "Nothing is granted for so long after an unclean stop, because upstreams may still count its attempts.",
    2_000,
  ),
  adaptive: optional(
    "How limits are learned, where a channel or an account whose limit is adaptive does not say it.",
    AdaptiveSettings,
    {},
  ),
  bodyLimitBytes: optional("The largest request body, in bytes.", wholeNumber(1), 32 * 1024 * 1024),
  bodyBudgetBytes: absent(
    "How much the bodies of all requests that wait or run may hold together, in bytes, and one client half of it; four of the largest bodies at least.",
    wholeNumber(1),
    defaultBodyBudgetBytes,
  ),
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
