import type { Evidence } from "@sluice/events/field.ts"
import type { Answered } from "./answered.ts"

const evidencePrefixes = ["retry-after", "x-ratelimit-", "anthropic-ratelimit-", "x-codex-"]
const maxEntries = 40
const maxNameLength = 64
const maxValueLength = 128
const maxQuotas = 4
/** What the evidence of one fact may take in JSON. */
const maxBytes = 2_048

/** Keeps the words that name the error, then the headers that tell of limits, then what the channel declares, in at most 2 KB; the message may speak of the caller and is left out. Source: C2. */
export const evidenceOf = ({ headers, words }: Answered, declared?: string): Evidence => {
  const said: Array<readonly [string, string]> = [
    ["error.type", nameIn(words.type)],
    ["error.code", nameIn(words.code)],
    ["channel.unknownRejection", declared ?? ""],
  ]
  if (words.details !== undefined) {
    const { reasons, quotas, retryDelay } = words.details
    said.push(["error.reason", nameIn(reasons[0] ?? "")], ["error.retry-delay", nameIn(retryDelay)])
    for (const [at, quota] of quotas.slice(0, maxQuotas).entries())
      said.push([`error.quota.${at + 1}`, nameIn(quota)])
  }
  return bounded([...said.filter(([, word]) => word !== ""), ...limitHeaders(headers)])
}

const limitHeaders = (headers: Answered["headers"]): ReadonlyArray<readonly [string, string]> =>
  Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" && evidencePrefixes.some((prefix) => name.startsWith(prefix))
      ? [[name, value] as const]
      : [],
  )

/** Keeps entries while there is room for them, in printable ASCII, each name whole and each value cut. */
const bounded = (entries: ReadonlyArray<readonly [string, string]>): Evidence => {
  const evidence: Record<string, string> = {}
  let bytes = 2
  for (const [name, value] of entries.slice(0, maxEntries)) {
    const kept = value.slice(0, maxValueLength).replaceAll(/[^ -~]/g, "")
    bytes += JSON.stringify(name).length + JSON.stringify(kept).length + 2
    if (bytes > maxBytes) break
    if (name.length <= maxNameLength) evidence[name] = kept
  }
  return evidence
}

/** Says in a few words what an answer was. */
export const summaryOf = ({ status, words }: Answered): string =>
  [String(status), nameIn(words.type), nameIn(words.code), nameIn(words.details?.reasons[0] ?? "")]
    .filter((word) => word !== "")
    .join(" ")

/** Lets through what is a name of the provider's; free text is none. */
const nameIn = (word: string): string => (/^[\w./-]{1,64}$/.test(word) ? word : "")
