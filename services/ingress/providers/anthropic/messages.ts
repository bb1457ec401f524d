import { outlineOf } from "../../json/outline.ts"
import { splice } from "../../json/splice.ts"
import { readAsk } from "../asked.ts"
import { eventName } from "../event-name.ts"
import {
  type Ask,
  type EventKind,
  type Figures,
  isObject,
  type ScannedBody,
  shortEventBytes,
  textOf,
  tokenCount,
  type WireProtocol,
} from "../protocol.ts"
import { anthropic } from "./anthropic.ts"

const asked = outlineOf({
  model: "value",
  stream: "value",
  max_tokens: "value",
  metadata: { user_id: "value" },
  messages: "files",
})
const answered = outlineOf({ type: "value", usage: "value", message: { usage: "value" } })
const costMembers = { maxTokens: ["max_tokens"], choices: [] }

const read = (scanned: ScannedBody): Ask | string => {
  const ask = readAsk(scanned, costMembers)
  return typeof ask === "string" ? ask : { ...ask, usageAsked: true }
}

const kinds = new Map<string, EventKind>([
  ["content_block_delta", "text"],
  ["message_start", "usage"],
  ["message_delta", "usage"],
  ["message_stop", "end"],
  ["error", "error"],
])

const eventKind = (event: string): EventKind => {
  // Nearly every event of a stream is one of these.
  if (event.startsWith("event: content_block_delta")) return "text"
  return kinds.get(eventName(event, kinds)) ?? "pass"
}

const kindOfRead = (json: unknown, name: string): EventKind => {
  const type = isObject(json) ? textOf(json["type"]) : ""
  return kinds.get(name === "" ? type : name) ?? "pass"
}

const readFigures = (json: unknown, known: Figures | undefined): Figures | undefined => {
  if (!isObject(json)) return known
  const begun = json["type"] === "message_start"
  const message = begun && isObject(json["message"]) ? json["message"] : json
  const usage = message["usage"]
  if (!isObject(usage)) return known
  const before = known?.tokens
  const written = tokenCount(usage["cache_creation_input_tokens"])
  const split = isObject(usage["cache_creation"]) ? usage["cache_creation"] : {}
  const writtenFor1h = tokenCount(split["ephemeral_1h_input_tokens"])
  const writtenFor5m = tokenCount(split["ephemeral_5m_input_tokens"])
  const cacheWrite1h = writtenFor1h ?? before?.cacheWrite1h ?? 0
  return {
    tokens: {
      input: tokenCount(usage["input_tokens"]) ?? before?.input ?? 0,
      output: tokenCount(usage["output_tokens"]) ?? before?.output ?? 0,
      cacheRead: tokenCount(usage["cache_read_input_tokens"]) ?? before?.cacheRead ?? 0,
      // The sum counts where it is more than its parts, or where the parts are not told.
      cacheWrite5m: Math.max(
        writtenFor5m ?? 0,
        written === undefined ? (before?.cacheWrite5m ?? 0) : written - cacheWrite1h,
      ),
      cacheWrite1h,
      reasoning: 0,
    },
    final: !begun,
  }
}

/** Messages. Source: Anthropic API reference. */
export const messages: WireProtocol = {
  ...anthropic,
  usageIsAsked: false,
  heldEventBytes: shortEventBytes,
  streamsLists: false,
  asked,
  read,
  rewrite: (body, { ranges }, { model }) =>
    model === null ? body : splice(body, ranges, [{ path: "model", value: JSON.stringify(model) }]),
  eventKind,
  answered,
  kindOfRead,
  readFigures,
  holdsOnlyUsage: () => false,
  endsWith: () => false,
  refusesUsage: () => false,
}
