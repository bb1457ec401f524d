import type { AnswerHeaders } from "./classification/classification.ts"

/** Where a response comes from, as far as it is known when its headers go out. Source: E4. */
export interface Provenance {
  readonly request: string
  readonly channel: string
  readonly attempts: number
  readonly waitMs: number
}

const dropped = new Set([
  "alt-svc",
  "connection",
  "content-length",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "retry-after",
  "retry-after-ms",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
])
const droppedPrefixes = ["x-ratelimit-", "anthropic-ratelimit-", "ratelimit", "x-codex-", "x-sluice-"]

/** Whether a header stays here. Remembered by name: an upstream sends the same ones again and again. */
const staysHere = new Map<string, boolean>()
const rememberedNames = 1_000

const isDropped = (name: string): boolean => {
  let drops = staysHere.get(name)
  if (drops === undefined) {
    drops = dropped.has(name) || droppedPrefixes.some((prefix) => name.startsWith(prefix))
    if (staysHere.size < rememberedNames) staysHere.set(name, drops)
  }
  return drops
}

/** Says where a response comes from. Shape: a flat list of names and values. */
export const provenanceHeaders = ({ request, channel, attempts, waitMs }: Provenance): string[] => {
  const headers = ["x-sluice-request-id", request]
  if (channel !== "") headers.push("x-sluice-channel", channel)
  if (attempts > 0) headers.push("x-sluice-attempts", String(attempts), "x-sluice-wait-ms", String(waitMs))
  return headers
}

/** Adds the headers of an upstream's answer that may reach the client: not those of its hop, nor its limits, which are those of one account among many. Source: S5. */
export const addAnswerHeaders = (headers: string[], answer: AnswerHeaders): void => {
  for (const name in answer) {
    if (isDropped(name)) continue
    const value = answer[name]
    if (typeof value === "string") headers.push(name, value)
    else if (value !== undefined) for (const one of value) headers.push(name, one)
  }
}
