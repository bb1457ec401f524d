import type { Plan } from "../plan.ts"
import type { RateLevel } from "../rate-gauge.ts"
import type { Refusal, WireRefusal } from "../refusal.ts"
import type { Ask, Body, InvalidAsk } from "../request-body.ts"

/** The limits of one credential as a provider's headers tell them. Units: resets in wall time. */
export interface RateReport {
  readonly requests: RateLevel
  readonly tokens: RateLevel
}

/** The text of a stream around its chunks: `opening`, then `head + chunk + tail` for each, then `closing`. */
export interface StreamFrames {
  readonly contentType: string
  readonly opening: string
  readonly head: string
  /** The same for every chunk, or made for each by its number. */
  readonly tail: string | ((chunk: number) => string)
  readonly closing: string
}

/** What an answer leaves out or adds on request. */
export interface Usages {
  /** False where the provider gives no figures at all. */
  readonly told: boolean
  /** The caller asked for them in the stream (OpenAI). */
  readonly asked: boolean
}

/** The content type of an event stream. */
export const eventStream = "text/event-stream; charset=utf-8"

/**
 * One provider's protocol: how an answer, a refusal, a list of models and the headers of each look on the
 * wire.
 */
export interface Wire {
  readonly protocol: "openai" | "anthropic" | "gemini"
  /** Reads a body. Fails: returns what is wrong with it. Shape: `url` is the request's, which may name the model. */
  ask(json: Body, url: string): Ask | InvalidAsk
  /** Names a request, as the provider's logs would. */
  requestId(drawn: string): string
  /** The headers of every answer but its content type, as a flat list. */
  headers(requestId: string, rates: RateReport): string[]
  completion(plan: Plan, usages: Usages): string
  frames(plan: Plan, usages: Usages): StreamFrames
  /** An error inside a stream that has begun. */
  errorEvent(): string
  refuse(refusal: Refusal, requestId: string): WireRefusal
  models(names: readonly string[]): string
}
