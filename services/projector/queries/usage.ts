import { InvalidParameter } from "./invalid-parameter.ts"
import type { NamedQuery } from "./query.ts"
import { readTimeRange, timeRangeParameters, withinRange } from "./time-range.ts"

const dimensions = new Map([
  ["channel", "channel"],
  ["account", "account"],
  ["client", "client"],
  ["model", "model"],
  ["hour", "toStartOfHour(at)"],
  ["day", "toStartOfDay(at)"],
])

const readDimensions = (text: string): ReadonlyArray<string> => {
  const names = text.split(",").filter((name) => name !== "")
  const unknown = names.find((name) => !dimensions.has(name))
  if (unknown === undefined) return names
  const reason = `${JSON.stringify(unknown)} is none of ${[...dimensions.keys()].join(", ")}`
  throw new InvalidParameter({ parameter: "by", reason })
}

const defaultBy = "channel,account,client,model"

/** What was used and what it cost. Source: P7, D1, D2. */
export const usageQuery: NamedQuery = {
  name: "usage",
  about: "Requests, tokens and cost by channel, account, client, model, hour or day.",
  parameters: [
    ...timeRangeParameters,
    {
      name: "by",
      about: `what to group by: any of ${[...dimensions.keys()].join(", ")}`,
      default: defaultBy,
    },
  ],
  statement: (given, nowMs) => {
    const by = readDimensions(given["by"] ?? defaultBy)
    const columns = by.map((name) => `${dimensions.get(name) ?? name} AS ${name},`).join(" ")
    const sql = `
      SELECT ${columns}
        uniqExact(request) AS requests,
        count() AS attempts,
        sum(inputTokens) AS inputTokens,
        sum(outputTokens) AS outputTokens,
        sum(cacheReadTokens) AS cacheReadTokens,
        sum(cacheWrite5mTokens) + sum(cacheWrite1hTokens) AS cacheWriteTokens,
        sum(reasoningTokens) AS reasoningTokens,
        sum(standardCostUsd) AS standardCostUsd,
        sum(costUsd) AS costUsd,
        countIf(NOT priced) AS unpriced,
        countIf(NOT complete) AS incomplete
      FROM sluice.usage FINAL
      WHERE ${withinRange("at")}
      ${by.length === 0 ? "" : `GROUP BY ${by.join(", ")} ORDER BY costUsd DESC, ${by.join(", ")}`}`
    return { sql, parameters: { ...readTimeRange(given, nowMs) } }
  },
}
