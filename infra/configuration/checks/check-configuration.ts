import {
  type AdaptiveBounds,
  type AdaptiveSettings,
  isAdaptive,
  type LimitMode,
} from "@sluice/events/configuration/adaptive-limit.ts"
import type { ConfigurationFile, DeclaredChannel } from "@sluice/events/configuration/configuration.ts"
import { type AccountOfChannel, accountsOf } from "@sluice/events/configuration/implicit-account.ts"
import { Effect, Result } from "effect"
import { readConfiguration } from "../configuration.ts"
import { formatProblem } from "../problem.ts"
import { logGrowth } from "./log-growth.ts"

/** What a check of a configuration file found, in lines to print. */
export interface Checked {
  readonly ok: boolean
  readonly problems: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
  /** What was understood; empty where the file cannot be used. */
  readonly summary: ReadonlyArray<string>
}

/** Checks a configuration file with all that it refers to, and sums up what was understood. Source: S4. */
export const checkConfiguration = Effect.fnUntraced(function* (
  file: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Effect.fn.Return<Checked> {
  const read = yield* Effect.result(readConfiguration(file, environment))
  if (Result.isFailure(read)) {
    const problems = read.failure.problems.map((problem) => formatProblem(file, problem))
    return { ok: false, problems, warnings: [], summary: [] }
  }
  const { wanted, warnings } = read.success
  return {
    ok: true,
    problems: [],
    warnings: warnings.map((warning) => formatProblem(file, warning)),
    summary: summaryOf(wanted),
  }
})

/** Sums up a configuration in a few lines: pools with their tiers, channels with their limits and accounts, clients, and how the log will grow. */
export const summaryOf = ({
  pools,
  channels,
  clients,
  settings,
}: ConfigurationFile): ReadonlyArray<string> => [
  [
    counted(pools.length, "pool"),
    counted(channels.length, "channel"),
    counted(channels.flatMap(accountsOf).length, "account"),
    counted(clients.length, "client"),
  ].join(", "),
  ...pools.map(
    ({ id, models, tiers }) =>
      `pool ${id}: ${models.join(", ")} → ${tiers.map((tier) => tier.join(", ")).join(", then ")}`,
  ),
  ...channels.flatMap((channel) => channelLines(channel, settings.adaptive)),
  clients.length > 0
    ? `clients: ${clients.map(({ id }) => id).join(", ")}`
    : "no clients: anyone on this machine may call, and nobody else",
  logGrowth(settings.retention),
]

const channelLines = (channel: DeclaredChannel, adaptive: AdaptiveSettings): ReadonlyArray<string> => [
  `channel ${channel.id}${channel.enabled ? "" : " (disabled)"}: ${channel.protocol} at ${channel.baseUrl}, ` +
    `${counted(channel.models.length, "model")}, ${atOnce(channel.maxConcurrent, adaptive)}${channel.mode === "soft" ? " (soft)" : ""}, ${[...ratesOf(channel), queueOf(channel)].join(", ")}`,
  ...accountsOf(channel).map(
    (account) =>
      `  account ${account.name === "" ? account.id : `${account.id} (${account.name})`}${account.enabled ? "" : " (disabled)"}: ` +
      [atOnce(account.concurrency, adaptive), ...keptOf(account), ...ratesOf(account)].join(", "),
  ),
]

const ratesOf = ({ rpm, tpm }: { rpm: number | null; tpm: number | null }): ReadonlyArray<string> => [
  ...(rpm === null ? [] : [`${counted(rpm, "request")} a minute`]),
  ...(tpm === null ? [] : [`${counted(tpm, "token")} a minute`]),
]

const keptOf = ({
  concurrency,
  reservedConcurrency,
  maxSessions,
  windowCost,
}: AccountOfChannel): ReadonlyArray<string> => [
  ...(concurrency === null || reservedConcurrency === 0
    ? []
    : [
        `${reservedConcurrency === "auto" ? "a share" : reservedConcurrency} of them reserved for bound requests`,
      ]),
  ...(maxSessions === null ? [] : [`at most ${counted(maxSessions, "session")}`]),
  ...(windowCost.limitUsd === 0
    ? []
    : [`${windowCost.limitUsd} USD in 5 h and ${windowCost.stickyReserveUsd} more for bound requests`]),
]

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

const atOnce = (limit: LimitMode, settings: AdaptiveSettings): string => {
  if (isAdaptive(limit))
    return `as many at once as are found to be accepted (${learningOf(limit.adaptive, settings)})`
  return limit === null ? "unlimited" : `at most ${limit} at once`
}

const learningOf = (own: AdaptiveBounds, settings: AdaptiveSettings): string => {
  const said = (words: string, name: "initial" | "min" | "max") => {
    const number = own[name] ?? settings[name]
    return number === null ? [] : [`${words} ${number}`]
  }
  return [
    own.algorithm ?? settings.algorithm,
    ...said("at first", "initial"),
    ...said("at least", "min"),
    ...said("at most", "max"),
  ].join(", ")
}

const queueOf = (channel: DeclaredChannel): string => {
  const isLimited = [channel, ...channel.accounts].some(
    (one) =>
      ("concurrency" in one ? one.concurrency : one.maxConcurrent) !== null ||
      one.rpm !== null ||
      one.tpm !== null,
  )
  if (!isLimited || channel.queueSize === 0) return "no queue"
  const longest = channel.queueTimeoutMs === null ? "without end" : `${channel.queueTimeoutMs} ms`
  return `up to ${channel.queueSize} wait ${longest}`
}
