import type { Evidence } from "@sluice/events/field.ts"
import type { Answered } from "./classification.ts"

const evidencePrefixes = ["retry-after", "x-ratelimit-", "anthropic-ratelimit-", "x-codex-"]
const maxEntries = 40
const maxValueLength = 128
const maxQuotas = 4

/** Keeps the headers that tell of limits and the words that name the error; the message may speak of the caller and is left out. Source: C2. */
export const evidenceOf = ({ headers, words }: Answered): Evidence => {
  const evidence: Record<string, string> = {}
  let entries = 0
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || !evidencePrefixes.some((prefix) => name.startsWith(prefix))) continue
    entries += 1
    if (entries > maxEntries) break
    evidence[name] = value.slice(0, maxValueLength)
  }
  const said: Array<readonly [string, string]> = [
    ["error.type", words.type],
    ["error.code", words.code],
  ]
  if (words.details !== undefined) {
    const { reasons, quotas, retryDelay } = words.details
    said.push(["error.reason", reasons[0] ?? ""], ["error.retry-delay", retryDelay])
    for (const [at, quota] of quotas.slice(0, maxQuotas).entries())
      said.push([`error.quota.${at + 1}`, quota])
  }
  for (const [name, word] of said) {
    const known = nameIn(word)
    if (known !== "") evidence[name] = known
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
