import { implicitAccountId } from "@sluice/events/configuration/implicit-account.ts"
import { readModelPattern } from "@sluice/events/configuration/model-pattern.ts"
import { Predicate } from "effect"
import { readNetwork } from "../../network/network.ts"
import { at, entries, type Entry, field } from "../file/raw-entry.ts"
import { spanFindings } from "../file/spans.ts"
import { type Finding, notValid, type Path, shown } from "../problem.ts"
import { boundsFindings, isLearned, learnerFindings } from "./learned-limits.ts"

/**
 * Finds what no single field shows: ids twice, names of nothing, patterns that are none, queues without a limit, credentials in the wrong place, bounds that exclude each other, absurd spans.
 *
 * It reads the file as written and passes over what has the wrong shape, so that its findings come with those of the shape.
 * Source: S4, A3.
 */
export const crossCheck = (raw: unknown): ReadonlyArray<Finding> => {
  const pools = entries(raw, "pools")
  const channels = entries(raw, "channels")
  const clients = entries(raw, "clients")
  return [
    ...unique(pools.map(idOf), "pool"),
    ...unique(channels.map(idOf), "channel"),
    ...unique([...implicitAccountIds(channels), ...channels.flatMap(accountsIn).map(idOf)], "account"),
    ...unique(clients.map(idOf), "client"),
    ...pools.flatMap((pool) => tierFindings(pool, namesOf(channels))),
    ...[...pools, ...channels].flatMap(patternFindings),
    ...clients.flatMap((client) =>
      entries(client.value, "pools", client.path).flatMap((pool) => known(pool, namesOf(pools), "pool")),
    ),
    ...channels.flatMap(queueFindings),
    ...channels.flatMap(modelFindings),
    ...channels.flatMap(headerFindings),
    ...boundsFindings(raw),
    ...spanFindings(raw),
    ...channels.flatMap(learnerFindings),
    ...entries(field(raw, "settings"), "trustedProxies", ["settings"]).flatMap(networkFindings),
  ]
}

/** Finds what is allowed and probably not meant. Source: A3. */
export const oddities = (
  raw: unknown,
  environment: Readonly<Record<string, string | undefined>> = {},
): ReadonlyArray<Finding> => {
  const channels = entries(raw, "channels")
  const pools = entries(raw, "pools")
  const used = new Set(pools.flatMap((pool) => channelsOf(pool).map(({ value }) => value)))
  return [
    ...channels.flatMap(accountsIn).flatMap(negativeLimit),
    ...channels
      .map(idOf)
      .filter(({ value }) => !used.has(value))
      .map(({ path, value }) => odd(path, value, "is in no pool, so no request reaches it")),
    ...spoolElsewhere(raw, environment),
    ...(pools.length === 0 ? [odd(["pools"], [], "has no pool, so every request is refused")] : []),
  ]
}

const networkFindings = ({ path, value }: Entry): ReadonlyArray<Finding> =>
  typeof value !== "string" || readNetwork(value) !== undefined
    ? []
    : [notValid(path, shown(value), "an IP address, or a network such as 10.0.0.0/8")]

const idOf = (entry: Entry): Entry => at(entry, "id")

const namesOf = (list: ReadonlyArray<Entry>): ReadonlySet<unknown> =>
  new Set(list.map((entry) => idOf(entry).value))

const accountsIn = (channel: Entry): ReadonlyArray<Entry> => entries(channel.value, "accounts", channel.path)

const channelsOf = (pool: Entry): ReadonlyArray<Entry> =>
  entries(pool.value, "tiers", pool.path).flatMap(({ path, value }) =>
    Array.isArray(value) ? value.map((channel: unknown, n) => ({ path: [...path, n], value: channel })) : [],
  )

// The id of a channel's implicit account must not be taken by another channel's; a channel that is there twice is told once.
const implicitAccountIds = (channels: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const found = new Map<string, Entry>()
  for (const channel of channels) {
    const { path, value } = idOf(channel)
    if (typeof value !== "string" || accountsIn(channel).length > 0 || found.has(value)) continue
    found.set(value, { path, value: implicitAccountId(value) })
  }
  return [...found.values()]
}

const unique = (ids: ReadonlyArray<Entry>, what: string): ReadonlyArray<Finding> => {
  const seen = new Set<unknown>()
  return ids.flatMap(({ path, value }) => {
    if (typeof value !== "string") return []
    if (seen.has(value)) return [notValid(path, shown(value), `an id that no other ${what} has`)]
    seen.add(value)
    return []
  })
}

const known = ({ path, value }: Entry, names: ReadonlySet<unknown>, what: string): ReadonlyArray<Finding> => {
  if (typeof value !== "string" || names.has(value)) return []
  const there = [...names].filter((name) => typeof name === "string")
  return [
    notValid(path, shown(value), `the id of a ${what}${there.length > 0 ? ` (${there.join(", ")})` : ""}`),
  ]
}

const tierFindings = (pool: Entry, channels: ReadonlySet<unknown>): ReadonlyArray<Finding> => {
  const seen = new Set<unknown>()
  return channelsOf(pool).flatMap((channel) => {
    const isRepeated = seen.has(channel.value)
    seen.add(channel.value)
    return isRepeated
      ? [notValid(channel.path, shown(channel.value), "a channel that this pool does not name already")]
      : known(channel, channels, "channel")
  })
}

const isLimit = (value: unknown): boolean => typeof value === "number" && value > 0

const queueFindings = (channel: Entry): ReadonlyArray<Finding> => {
  const { path, value } = at(channel, "queueSize")
  const has = (entry: Entry, ...names: ReadonlyArray<string>) =>
    names.some((name) => isLimit(at(entry, name).value))
  const isLimited =
    has(channel, "maxConcurrent", "rpm", "tpm") ||
    isLearned(at(channel, "maxConcurrent")) ||
    accountsIn(channel).some(
      (account) => has(account, "concurrency", "rpm", "tpm") || isLearned(at(account, "concurrency")),
    )
  return isLimit(value) && Number.isInteger(value) && !isLimited
    ? [
        notValid(
          path,
          shown(value),
          "0, or a limit to queue at: maxConcurrent, rpm or tpm, or concurrency of an account",
        ),
      ]
    : []
}

const modelFindings = (channel: Entry): ReadonlyArray<Finding> => {
  const seen = new Set<unknown>()
  return entries(channel.value, "models", channel.path).flatMap(({ path, value }) => {
    const name = typeof value === "string" ? value : field(value, "from")
    const isRepeated = typeof name === "string" && seen.has(name)
    seen.add(name)
    return isRepeated ? [notValid(path, shown(name), "a model that this channel does not list already")] : []
  })
}

const patternFindings = ({ value: owner, path: ownerPath }: Entry): ReadonlyArray<Finding> =>
  entries(owner, "models", ownerPath).flatMap(({ path, value }) => {
    const read = typeof value === "string" && value !== "" ? readModelPattern(value) : undefined
    return typeof read === "string" ? [notValid(path, shown(value), read)] : []
  })

const credentialHeader = /^(authorization|proxy-authorization|cookie|api-key|x-api-key|x-goog-api-key)$/iu
const transportHeader = /^(connection|content-length|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/iu

const headerFindings = (channel: Entry): ReadonlyArray<Finding> => {
  const headers = at(channel, "headers")
  return Object.keys(Predicate.isObject(headers.value) ? headers.value : {}).flatMap((name) => {
    const expected = credentialHeader.test(name)
      ? "a header that holds no credential (those stand with an account)"
      : transportHeader.test(name)
        ? "a header that is not the transport's own"
        : null
    return expected === null ? [] : [{ ...notValid([...headers.path, name], null, expected), atKey: true }]
  })
}

const negativeLimit = (account: Entry): ReadonlyArray<Finding> => {
  const isNegative = ({ value }: Entry) => typeof value === "number" && value < 0
  const limit = at(account, "concurrency")
  const reserved = at(account, "reservedConcurrency")
  return [
    ...(isNegative(limit) ? [odd(limit.path, limit.value, "means unlimited; write 0 or null")] : []),
    ...(isNegative(reserved) ? [odd(reserved.path, reserved.value, "means none; write 0")] : []),
  ]
}

/** A spool is for a process that is alone with its log. Source: L9. */
const spoolElsewhere = (
  raw: unknown,
  { NATS_URL: url = "" }: Readonly<Record<string, string | undefined>>,
): ReadonlyArray<Finding> => {
  const { path, value } = at({ path: ["settings"], value: field(raw, "settings") }, "onLogUnavailable")
  return value === "spool" && url !== ""
    ? [odd(path, value, "works with the embedded log only; with NATS_URL it means refuse")]
    : []
}

const odd = (path: Path, value: unknown, sentence: string): Finding => {
  const word = shown(value)
  return { path, value: word, expected: "", message: `${Array.isArray(value) ? "" : `${word} `}${sentence}` }
}
