import type { AnswerHeaders } from "../providers/classification/answered.ts"
import { withoutEcho } from "../upstream/credential-echo.ts"

/** Where a response comes from, as far as it is known when its headers go out. Source: E4. */
export interface Provenance {
  readonly request: string
  readonly channel: string
  readonly attempts: number
  readonly waitMs: number
}

/**
 * The headers of an upstream's answer that clients of the three protocols have a use for; every other one stays here.
 *
 * The type and the coding say how to read the body. `cache-control` and `x-accel-buffering` keep proxies behind this one from holding a stream. `x-should-retry` is obeyed by the SDKs of OpenAI and Anthropic. `openai-model`, `openai-processing-ms`, `openai-version`, `anthropic-beta` and `anthropic-version` are about the answer itself.
 * What stays: whose account it was (`openai-organization`, `anthropic-organization-id`, `anthropic-workspace-id`), its limits, cookies, `location` and CORS, which would bind a browser to another host, `server-timing` and everything else that a CDN says of its way, `date`, which this server says for itself.
 * Source: S5; the headers that `openai`, `@anthropic-ai/sdk` and `@google/genai` read.
 */
const passed: ReadonlySet<string> = new Set([
  "anthropic-beta",
  "anthropic-version",
  "cache-control",
  "content-encoding",
  "content-language",
  "content-type",
  "openai-model",
  "openai-processing-ms",
  "openai-version",
  "x-accel-buffering",
  "x-should-retry",
])

/** The name that a request has at the upstream, as every vendor calls it: `x-request-id`, `request-id`, `apim-request-id`, `x-ds-trace-id`, `x-tt-logid`. */
const requestName = /^(?:[a-z0-9]{1,20}-){0,3}(?:request|trace|correlation|generation|log)-?id$/

/** True if a header passes. Remembered by name: an upstream sends the same ones again and again. */
const passes = new Map<string, boolean>()
const rememberedNames = 1_000
const longestRememberedName = 100

const isPassed = (name: string): boolean => {
  let known = passes.get(name)
  if (known === undefined) {
    known = passed.has(name) || (requestName.test(name) && !name.startsWith("x-sluice-"))
    if (passes.size < rememberedNames && name.length <= longestRememberedName) passes.set(name, known)
  }
  return known
}

/** What `Connection` names is for that hop alone. Source: RFC 9110, section 7.6.1. */
const namedIn = (connection: string | string[] | undefined): ReadonlySet<string> | undefined => {
  if (connection === undefined || connection === "keep-alive" || connection === "close") return undefined
  return new Set(
    String(connection)
      .split(",")
      .map((name) => name.trim().toLowerCase()),
  )
}

/** Says where a response comes from. Shape: a flat list of names and values. */
export const provenanceHeaders = ({ request, channel, attempts, waitMs }: Provenance): string[] => {
  const headers = ["x-sluice-request-id", request]
  if (channel !== "") headers.push("x-sluice-channel", channel)
  if (attempts > 0) headers.push("x-sluice-attempts", String(attempts), "x-sluice-wait-ms", String(waitMs))
  return headers
}

/** Adds the headers of an upstream's answer that may reach the client, without the account's credential. A body that is not encoded has no coding to tell. Source: S5. */
export const addAnswerHeaders = (headers: string[], answer: AnswerHeaders, credential: string): void => {
  const ofHop = namedIn(answer["connection"])
  for (const name in answer) {
    if (!isPassed(name) || ofHop?.has(name) === true) continue
    const value = answer[name]
    if (name === "content-encoding" && value === "identity") continue
    if (typeof value === "string") headers.push(name, withoutEcho(value, credential))
    else if (value !== undefined) for (const one of value) headers.push(name, withoutEcho(one, credential))
  }
}
