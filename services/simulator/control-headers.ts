import type { IncomingHttpHeaders } from "node:http"
import { readFault, type Fault } from "./fault.ts"

/** A call of a tool. Shape: `input` is a JSON object as text. */
export interface ToolCall {
  readonly name: string
  readonly input: string
}

/**
 * What one request asks of the simulation, whatever the provider's settings are. A proxy passes these headers
 * on like any other.
 *
 * | header | value | effect |
 * |---|---|---|
 * | `x-sim-fault` | see `readFault` | the request fails in that way |
 * | `x-sim-fault-times` | n | only the first n tries of this `x-sim-key` fail |
 * | `x-sim-key` | text | names the request over all of its tries; it also seeds everything that is drawn for it |
 * | `x-sim-input-tokens` | n | input tokens in the usage, cached ones included |
 * | `x-sim-cached-tokens` | n | of these, read from the cache |
 * | `x-sim-cache-write-tokens` | n | of these, written to the cache (Anthropic) |
 * | `x-sim-output-tokens` | n | output tokens, whatever `max_tokens` says |
 * | `x-sim-reasoning-tokens` | n | of these, reasoning (OpenAI, Gemini) |
 * | `x-sim-tool-call` | name, or name and arguments as a JSON object | the answer is a call of that tool in place of a text |
 * | `x-sim-service-ms` | ms | duration of the whole answer; a stream is spread evenly over it |
 * | `x-sim-ttft-ms` | ms | time to the first token |
 * | `x-sim-chunks` | n | content chunks of a stream (else one a token) |
 * | `x-sim-chunk-gap-ms` | ms | time between two chunks, without jitter |
 *
 * Units: tokens; milliseconds of the provider's time, which `speed` divides.
 */
export interface Control {
  readonly fault: Fault | null
  readonly faultTimes: number | null
  readonly key: string | null
  readonly inputTokens: number | null
  readonly cachedTokens: number | null
  readonly cacheWriteTokens: number | null
  readonly outputTokens: number | null
  readonly reasoningTokens: number | null
  readonly toolCall: ToolCall | null
  readonly serviceMs: number | null
  readonly ttftMs: number | null
  readonly chunks: number | null
  readonly chunkGapMs: number | null
}

/**
 * Reads the control headers of a request. Fails: returns the first that makes no sense as text, so that a
 * misspelt test is told.
 */
export function readControl(headers: IncomingHttpHeaders): Control | string {
  const faultText = headers["x-sim-fault"]
  const fault = typeof faultText === "string" ? readFault(faultText) : null
  if (typeof fault === "string") return fault
  const toolText = textOf(headers["x-sim-tool-call"])
  const toolCall = toolText === null ? null : readToolCall(toolText)
  if (typeof toolCall === "string") return toolCall
  const control: Control = {
    fault,
    key: textOf(headers["x-sim-key"]),
    faultTimes: numberOf(headers["x-sim-fault-times"]),
    inputTokens: numberOf(headers["x-sim-input-tokens"]),
    cachedTokens: numberOf(headers["x-sim-cached-tokens"]),
    cacheWriteTokens: numberOf(headers["x-sim-cache-write-tokens"]),
    outputTokens: numberOf(headers["x-sim-output-tokens"]),
    reasoningTokens: numberOf(headers["x-sim-reasoning-tokens"]),
    toolCall,
    serviceMs: numberOf(headers["x-sim-service-ms"]),
    ttftMs: numberOf(headers["x-sim-ttft-ms"]),
    chunks: numberOf(headers["x-sim-chunks"]),
    chunkGapMs: numberOf(headers["x-sim-chunk-gap-ms"]),
  }
  return nonsense(control) ?? control
}

const wholeNumbers = [
  "faultTimes",
  "inputTokens",
  "cachedTokens",
  "cacheWriteTokens",
  "outputTokens",
  "reasoningTokens",
  "chunks",
] as const
const durations = ["serviceMs", "ttftMs", "chunkGapMs"] as const

function nonsense(control: Control): string | null {
  for (const field of wholeNumbers) {
    const value = control[field]
    if (value !== null && !(Number.isInteger(value) && value >= 0 && value <= 10_000_000))
      return headerName(field)
  }
  for (const field of durations) {
    const value = control[field]
    if (value !== null && !(value >= 0 && value <= 86_400_000)) return headerName(field)
  }
  return null
}

function readToolCall(text: string): ToolCall | string {
  const parts = /^(?<name>[\w.-]+)(?:\s+(?<input>\{.*\}))?$/s.exec(text.trim())?.groups
  const complaint = `x-sim-tool-call: ${JSON.stringify(text)} is no tool's name with a JSON object`
  if (parts?.["name"] === undefined) return complaint
  const input = parts["input"] ?? "{}"
  try {
    JSON.parse(input)
    return { name: parts["name"], input }
  } catch (error) {
    if (error instanceof SyntaxError) return complaint
    throw error
  }
}

function headerName(field: string): string {
  return `x-sim-${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is not a number that makes sense here`
}

function textOf(value: string | string[] | undefined): string | null {
  return typeof value === "string" ? value : null
}

function numberOf(value: string | string[] | undefined): number | null {
  if (value === undefined) return null
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN
}
