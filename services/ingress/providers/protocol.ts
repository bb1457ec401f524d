import { mostTokens } from "@sluice/events/bounds.ts"
import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { Protocol, Tokens } from "@sluice/events/field.ts"
import type { SessionKey } from "../admission/session-key.ts"
import type { Problem } from "../http/errors.ts"
import type { Outline } from "../json/outline.ts"
import type { MemberRange } from "../json/scan.ts"

/** What a scan of a body has found: a JSON object of which only the members of the protocol's outline are read. */
export interface ScannedBody {
  readonly bytes: number
  readonly json: Readonly<Record<string, unknown>>
  readonly ranges: ReadonlyArray<MemberRange>
  /** The texts in it that are the content of a file. */
  readonly files: { readonly count: number; readonly bytes: number }
}

/** What the proxy reads in the body of a request; the rest is the upstream's business. */
export interface Ask {
  readonly model: string
  readonly stream: boolean
  readonly maxTokens: number | null
  /** How many answers it asks for at once, each of up to `maxTokens`. */
  readonly choices: number
  /** An estimate from the size of the body. Source: D4. */
  readonly inputTokens: number
  /** True if the client itself asked for usage in the stream. Source: D1. */
  readonly usageAsked: boolean
}

/** Usage as far as an upstream has told it. */
export interface Figures {
  readonly tokens: Tokens
  /** True when these are the last figures of the answer. Source: D4. */
  readonly final: boolean
}

/**
 * What one event of a stream means to the proxy; a `text`, which is a piece of what the model writes, and what only passes go on unread.
 *
 * An `end` may hold the last figures too; a `failure` is an end that says that the upstream could not finish.
 */
export type EventKind = "pass" | "text" | "usage" | "end" | "error" | "failure"

/** How a body has to differ from what the client sent. */
export interface Rewrite {
  /** The name that the upstream knows the model by, where it is another. */
  readonly model: string | null
  /** True if to ask for usage in the stream. Source: D1. */
  readonly askUsage: boolean
}

/** What the error body of a protocol says beside its words. */
export interface ErrorDetails {
  /** Why it failed, as names of the provider's. */
  readonly reasons: ReadonlyArray<string>
  /** The quotas that are used up, by id or metric. */
  readonly quotas: ReadonlyArray<string>
  /** How long to wait, as the body writes it; empty where it does not say. */
  readonly retryDelay: string
}

/** The type, code and message of an upstream's error body; empty where there is none. */
export interface ErrorWords {
  readonly type: string
  readonly code: string
  readonly message: string
  /** Where the protocol has them. */
  readonly details?: ErrorDetails
}

/** What all endpoints of one provider's API have in common. */
export interface Dialect {
  readonly name: Protocol
  /** The header that carries an account's credential. */
  credentialHeader(
    auth: AccountConfiguration["auth"],
    credential: string,
  ): readonly [name: string, value: string]
  /** Finds the key of the session in a body; absent where the protocol has no field for one. Source: B5. */
  sessionKey?(json: Readonly<Record<string, unknown>>): SessionKey | undefined
  /** Joins the path of a channel's base URL with that of the endpoint that was called, made of what is known of it; `model`, where it is not `null`, takes the place of the client's. */
  upstreamPath(basePath: string, path: string, model: string | null): string
  /** Reads an error body; `undefined` where it does not have the protocol's shape. */
  errorWords(json: unknown): ErrorWords | undefined
  /** The body of an error. Source: E1. */
  errorBody(problem: Problem, requestId: string): string
  /** An error inside of an event stream. Source: E3. */
  errorEvent(problem: Problem, requestId: string): string
  /** The answer to a call for the list of models. */
  modelList(models: ReadonlyArray<string>): string
  /** One entry of that list. */
  modelEntry(model: string): string
}

/** How one family of endpoints is spoken, the same towards the client and towards the upstream. Source: S5. */
export interface WireProtocol extends Dialect {
  /** True if a stream brings usage only when it is asked to. Source: D1. */
  readonly usageIsAsked: boolean
  /** An event longer than this is no end and no usage: it goes on in pieces rather than being held until it is whole. */
  readonly heldEventBytes: number
  /** True if a stream may also come as one JSON list. */
  readonly streamsLists: boolean
  /** What is read in the body of a request. */
  readonly asked: Outline
  /** Reads a body, and the path where that says more. Fails: returns what is wrong with it as text. */
  read(scanned: ScannedBody, path: string): Ask | string
  /** Changes what has to be changed in a body and leaves every other byte. */
  rewrite(body: Buffer, scanned: ScannedBody, rewrite: Rewrite): Buffer
  /** Tells what an event means. Shape: `event` is the text of one whole event, or of one item of a list, decoded byte by byte. */
  eventKind(event: string): EventKind
  /** What is read in a whole answer, or in the data of a long event: enough for the figures and for the kind. */
  readonly answered: Outline
  /** Tells what an event means of which only that was read. Shape: `name` is that of its `event` line, or empty. */
  kindOfRead(json: unknown, name: string): EventKind
  /** Reads figures from a whole answer or from the data of one event, on top of what was known; `undefined` where there are none. */
  readFigures(json: unknown, known: Figures | undefined): Figures | undefined
  /** True if an event holds usage and nothing else, so that a client which did not ask for it can do without. Source: D1. */
  holdsOnlyUsage(json: unknown): boolean
  /** True if a stream that ended without its end event, with this event as its last, was nevertheless whole. Source: D3, E3. */
  endsWith(lastEvent: string): boolean
  /** True if an error body says that the upstream does not take the request for usage. Source: D1. */
  refusesUsage(words: ErrorWords): boolean
}

/** Enough for every event that holds figures and no more than a piece of the answer. */
export const shortEventBytes = 256 * 1024
/** Enough for an event that repeats a whole answer, or holds a picture. */
export const longEventBytes = 16 * 1024 * 1024

/** Narrows a parsed value to an object that is no list. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Reads a number of tokens, at most `mostTokens`; anything that is none counts as absent. */
export const tokenCount = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 ? Math.min(Math.trunc(value), mostTokens) : undefined

const mostChoices = 128

/** Reads how many answers are asked for at once: one where nothing sensible is said, at most 128. */
export const choicesIn = (value: unknown): number =>
  Math.min(Math.max(1, tokenCount(value) ?? 1), mostChoices)

/** Reads a text; anything else is the empty one. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "")
