import { Schema } from "effect"
import { Id } from "../identifier.ts"
import { optional, required, wholeNumber } from "./field.ts"

/** A span that may be nothing. Units: milliseconds. */
export const spanMs = (description: string, defaultMs: number) =>
  optional(`Milliseconds. ${description}`, wholeNumber(0), defaultMs)

/** A span that is something. Units: milliseconds. */
export const timeoutMs = (description: string, defaultMs: number) =>
  optional(`Milliseconds. ${description}`, wholeNumber(1), defaultMs)

/** What every configured object is called. */
export const named = {
  id: required("Names it for ever, in facts, metrics and URLs.", Id),
  name: optional("What people read instead of the id.", Schema.String, ""),
}

/** What is said of a channel and of an account alike. */
export const described = {
  ...named,
  note: optional("Anything that the next operator should know.", Schema.String, ""),
  enabled: optional("False takes nothing new and lets what is in flight finish.", Schema.Boolean, true),
}
