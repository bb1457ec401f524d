import type { Commit, Fact } from "@sluice/events/commit.ts"
import type { ClickHouse } from "@sluice/infra/clickhouse/clickhouse.ts"

/** What stands in each table, a line a row, sorted. */
export type Contents = Record<
  | "facts"
  | "usage"
  | "requests"
  | "admissions"
  | "cooldowns"
  | "sessions"
  | "windows"
  | "limits"
  | "adjustments",
  ReadonlyArray<string>
>

interface Stored {
  readonly subject: string
  readonly commit: Commit
}

const admissionOf = (fact: Fact): ReadonlyArray<string> => {
  switch (fact.type) {
    case "channel.acquired":
      return [`${fact.request} acquired 1`]
    case "channel.timed_out":
      return [`${fact.request} timed_out 1`]
    case "channel.abandoned":
      return [`${fact.request} abandoned 1`]
    case "channel.rejected":
      return [`${fact.request} rejected ${fact.count}`]
    default:
      return []
  }
}

type CooldownFact = Extract<Fact, { type: `${string}.cooldown_${string}` }>

const isCooldownFact = (fact: Fact): fact is CooldownFact => fact.type.includes(".cooldown_")

const cooldownsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<string> => {
  const steps = Map.groupBy(facts.filter(isCooldownFact), ({ actor, id }) => `${actor} ${id}`)
  return [...steps].map(([name, [started, ...later]]) => {
    const extended = later.find((step) => step.type.endsWith("extended"))
    const ended = later.find((step) => step.type.endsWith("ended") && !step.type.endsWith("extended"))
    const last = extended ?? started
    const cause = last !== undefined && "until" in last ? `${last.until} ${last.classification}` : "?"
    return `${name} ${started?.at ?? "?"} ${ended?.at ?? "open"} ${cause}`
  })
}

const sessionsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<string> =>
  facts.flatMap((begin) => {
    if (begin.type !== "account.session_registered") return []
    const end = facts.find(
      (fact) =>
        (fact.type === "account.session_expired" || fact.type === "account.session_released") &&
        fact.stay === begin.stay,
    )
    const why = end === undefined ? "" : end.type === "account.session_released" ? end.reason : "expired"
    return [`${begin.actor} ${begin.session} ${begin.stay} ${begin.at} ${end?.at ?? "open"} ${why}`]
  })

interface OpenedWindow {
  readonly actor: string
  readonly start: number
  readonly end: number
}

/** Follows the windows as an account does: each one that opens cuts what it overlaps. */
const windowsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<string> => {
  let windows: ReadonlyArray<OpenedWindow> = []
  for (const fact of facts)
    if (fact.type === "account.window_opened") {
      const cut = windows.map((window) =>
        window.actor === fact.actor && window.start < fact.end && window.end > fact.start
          ? { ...window, end: fact.start }
          : window,
      )
      windows = [...cut.filter(({ start, end }) => start < end), fact]
    }
  return windows.map(({ actor, start, end }) => {
    const costs = facts.flatMap((fact) =>
      fact.type === "account.usage_recorded" && fact.actor === actor && fact.at >= start && fact.at < end
        ? [fact.standardCostNanoUsd]
        : [],
    )
    return `${actor} ${start} ${end} ${costs.length} ${costs.reduce((sum, cost) => sum + cost, 0)}`
  })
}

const accountConfigurationIn = (fact: Fact) => {
  if (fact.type === "account.checkpointed") return fact.context.config ?? undefined
  return fact.type === "account.configured" ? fact.config : undefined
}

const numberIn = (limit: unknown): string => (typeof limit === "number" ? String(limit) : "none")

const limitsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<string> =>
  facts.flatMap((fact) => {
    if (fact.type === "channel.configured") return [`${fact.actor} ${numberIn(fact.config.maxConcurrent)}`]
    if (fact.type === "channel.checkpointed")
      return [`${fact.actor} ${numberIn(fact.context.config?.maxConcurrent)}`]
    const config = accountConfigurationIn(fact)
    if (config === undefined) return []
    const { concurrency } = config
    return [`${fact.actor} ${numberIn(concurrency)}`]
  })

const adjustmentsOf = (facts: ReadonlyArray<Fact>): ReadonlyArray<string> =>
  facts.flatMap((fact) => {
    if (fact.type === "channel.limit_adjusted" || fact.type === "account.limit_adjusted")
      return [`${fact.actor} ${fact.reason} ${fact.to}`]
    if (fact.type === "channel.learning_reset" || fact.type === "account.learning_reset")
      return [`${fact.actor} learning_reset ${fact.to}`]
    return fact.type === "channel.mode_changed" || fact.type === "account.mode_changed"
      ? [`${fact.actor} mode ${fact.limit ?? "none"}`]
      : []
  })

/** Says what the tables must hold, straight from the facts. */
export const contentsOfFacts = (stored: ReadonlyArray<Stored>): Contents => {
  const facts = stored.flatMap(({ commit }) => commit.facts)
  return {
    facts: stored
      .flatMap(({ subject, commit }) =>
        commit.facts.map((fact, index) => `${subject} ${commit.version} ${index} ${fact.type} ${fact.actor}`),
      )
      .toSorted(),
    usage: facts
      .flatMap((fact) =>
        fact.type === "account.usage_recorded"
          ? [`${fact.lease} ${fact.tokens.input} ${fact.costNanoUsd} ${fact.complete}`]
          : [],
      )
      .toSorted(),
    requests: facts
      .flatMap((fact) =>
        fact.type === "request.completed"
          ? [`${fact.request} ${fact.status} ${fact.arrivedAt} 1`]
          : fact.type === "requests.refused"
            ? [` ${fact.status} ${fact.since} ${fact.count}`]
            : [],
      )
      .toSorted(),
    admissions: facts.flatMap(admissionOf).toSorted(),
    cooldowns: cooldownsOf(facts).toSorted(),
    sessions: sessionsOf(facts).toSorted(),
    windows: windowsOf(facts).toSorted(),
    limits: limitsOf(facts).toSorted(),
    adjustments: adjustmentsOf(facts).toSorted(),
  }
}

const lines: Record<keyof Contents, string> = {
  facts:
    "SELECT concat(subject, ' ', toString(version), ' ', toString(`index`), ' ', type, ' ', actor) AS line FROM sluice.facts FINAL",
  usage:
    "SELECT concat(lease, ' ', toString(inputTokens), ' ', toString(toInt64(costUsd * 1000000000)), ' ', toString(complete)) AS line FROM sluice.usage FINAL",
  requests:
    "SELECT concat(request, ' ', toString(status), ' ', toString(toUnixTimestamp64Milli(arrivedAt)), ' ', toString(count)) AS line FROM sluice.requests FINAL",
  admissions:
    "SELECT concat(request, ' ', outcome, ' ', toString(count)) AS line FROM sluice.admissions FINAL",
  cooldowns: `
    SELECT concat(actor, ' ', id, ' ', toString(toUnixTimestamp64Milli(assumeNotNull(start))), ' ',
      if(end IS NULL, 'open', toString(toUnixTimestamp64Milli(assumeNotNull(end)))), ' ',
      toString(toUnixTimestamp64Milli(assumeNotNull(until))), ' ', classification) AS line
    FROM sluice.cooldowns`,
  sessions: `
    SELECT concat('account/', account, ' ', session, ' ', stay, ' ', toString(toUnixTimestamp64Milli(assumeNotNull(registered))), ' ',
      if(ended IS NULL, 'open', toString(toUnixTimestamp64Milli(assumeNotNull(ended)))), ' ', why) AS line
    FROM sluice.sessions`,
  windows: `
    SELECT concat('account/', account, ' ', toString(toUnixTimestamp64Milli(start)), ' ', toString(toUnixTimestamp64Milli(end)), ' ',
      toString(requests), ' ', toString(toInt64(standardCostUsd * 1000000000))) AS line
    FROM sluice.window_cost`,
  adjustments:
    "SELECT concat(actor, ' ', reason, ' ', ifNull(toString(`to`), 'none')) AS line FROM sluice.adjustments FINAL",
  limits: "SELECT concat(actor, ' ', ifNull(toString(concurrency), 'none')) AS line FROM sluice.limits FINAL",
}

/** Reads what the tables hold. */
export const contentsOfTables = async (clickHouse: ClickHouse): Promise<Contents> => {
  const read = async (table: keyof Contents) =>
    (await clickHouse.query<{ line: string }>(lines[table])).map(({ line }) => line).toSorted()
  return {
    facts: await read("facts"),
    usage: await read("usage"),
    requests: await read("requests"),
    admissions: await read("admissions"),
    cooldowns: await read("cooldowns"),
    sessions: await read("sessions"),
    windows: await read("windows"),
    limits: await read("limits"),
    adjustments: await read("adjustments"),
  }
}
