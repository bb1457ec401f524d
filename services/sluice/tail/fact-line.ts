import { styleText } from "node:util"
import type { Fact } from "@sluice/events/commit.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"

type Colour = Parameters<typeof styleText>[0]

/** What is worth reading of a fact, by what happened. */
const telling: Readonly<Record<string, ReadonlyArray<string>>> = {
  queued: ["request", "client", "model", "depth"],
  acquired: ["request", "account", "model", "waitMs", "inFlight"],
  rejected: ["request", "reason", "inFlight", "waiting", "count"],
  released: ["request", "outcome", "status", "classification", "holdMs", "inFlight"],
  usage_recorded: ["request", "model", "tokens", "standardCostNanoUsd", "complete"],
  completed: ["request", "client", "model", "channel", "status", "code", "waitMs", "totalMs"],
  cooldown_started: ["classification", "model", "consecutive", "until", "status", "summary"],
  cooldown_extended: ["classification", "model", "consecutive", "until", "status", "summary"],
  session_registered: ["session"],
  suspended: ["reason", "status", "summary"],
}

const bad = new Set(["cooldown_started", "cooldown_extended", "expired", "removed", "suspended"])
const noticeable = new Set(["rejected", "timed_out", "abandoned", "queued", "limit_adjusted", "ramped"])
const times = new Set(["until", "start", "end", "lastSeenAt", "gateUntil"])
const shownBefore = new Set(["actor", "type", "at"])

/** How a line is shown. Where nothing is said times are local. */
export interface FactLook {
  readonly colours: boolean
  readonly isUtc?: boolean
}

/**
 * Writes a fact as one readable line: time, actor, what happened, and the fields that matter.
 *
 * Units: costs in USD; all else as in the fact.
 * Source: R5.
 */
export const factLine = (fact: Fact, { colours, isUtc = false }: FactLook): string => {
  const timeOf = isUtc ? utcTimeOf : localTimeOf
  const paint = (style: Colour, text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text
  const happened = fact.type.slice(fact.type.indexOf(".") + 1)
  const fields: Readonly<Record<string, unknown>> = fact
  const names = telling[happened] ?? Object.keys(fact).filter((name) => !shownBefore.has(name))
  return [
    paint("dim", timeOf(fact.at)),
    paint("cyan", visible(fact.actor).padEnd(24)),
    paint(colourOf(fact, happened), happened.padEnd(16)),
    ...names
      .flatMap((name) => wordsOf(name, fields[name], timeOf))
      .map(([name, text]) => paint("dim", `${name}=`) + text),
  ]
    .join(" ")
    .trimEnd()
}

const utcTimeOf = (at: number): string => new Date(at).toISOString().slice(11, 23)

const localTimeOf = (at: number): string => {
  const date = new Date(at)
  const two = (n: number) => String(n).padStart(2, "0")
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

const colourOf = (fact: Fact, happened: string): Colour => {
  if (bad.has(happened)) return "red"
  if (noticeable.has(happened)) return "yellow"
  if ("outcome" in fact && fact.outcome !== "ok") return "red"
  if ("status" in fact && fact.status >= 400) return "yellow"
  return happened === "acquired" || happened === "completed" ? "green" : "bold"
}

/** Returns a field as it is shown: nothing where it says nothing, and several where it holds several counts. */
const wordsOf = (
  name: string,
  value: unknown,
  timeOf: (at: number) => string,
): ReadonlyArray<readonly [string, string]> => {
  if (times.has(name) && typeof value === "number") return [[name, timeOf(value)]]
  if (name.endsWith("NanoUsd") && typeof value === "number")
    return [[name.replace("NanoUsd", "Usd"), (value / 1e9).toFixed(6)]]
  if (typeof value === "number" || typeof value === "boolean") return [[name, String(value)]]
  if (typeof value === "string" && value !== "")
    return [[name, visible(/\s/u.test(value) ? JSON.stringify(value) : value)]]
  if (name === "tokens" && typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([kind, count]) =>
      count === 0 ? [] : [[kind, String(count)] as const],
    )
  return []
}
