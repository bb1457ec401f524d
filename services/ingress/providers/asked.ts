import { type Ask, choicesIn, type ScannedBody, tokenCount } from "./protocol.ts"

/** The members that say how much an answer may cost, as a protocol calls them. */
export interface CostMembers {
  /** Bounds of the output, of which the largest counts where there are several. */
  readonly maxTokens: ReadonlyArray<string>
  /** How many answers are asked for. */
  readonly choices: ReadonlyArray<string>
}

const bytesPerToken = 4
const tokensPerInlineFile = 1_000

/**
 * Estimates the input tokens of a body from its size: a quarter of its bytes, where each file that stands in it as base64 counts as a thousand tokens.
 *
 * A tokenizer's estimate costs 20 µs for 700 characters, as much as everything else that is done with a small request; this costs none.
 * Source: D4.
 */
export const estimateInputTokens = ({ bytes, files }: Pick<ScannedBody, "bytes" | "files">): number =>
  Math.ceil((bytes - files.bytes) / bytesPerToken) + files.count * tokensPerInlineFile

const readStream = ({ json }: ScannedBody): boolean | string => {
  const stream = json["stream"] ?? false
  return typeof stream === "boolean" ? stream : "Its stream must be true or false."
}

/** Reads how much an answer may cost. Fails: returns what is wrong as text, as upstreams differ in what they make of other values. */
export const readCost = (
  json: Readonly<Record<string, unknown>>,
  { maxTokens, choices }: CostMembers,
): { readonly maxTokens: number | null; readonly choices: number } | string => {
  let most: number | null = null
  let answers = 1
  for (const name of maxTokens) {
    const value = json[name] ?? null
    if (value !== null && typeof value !== "number") return `Its ${name} must be a number.`
    const count = tokenCount(value)
    if (count !== undefined) most = Math.max(most ?? 0, count)
  }
  for (const name of choices) {
    const value = json[name] ?? null
    if (value !== null && typeof value !== "number") return `Its ${name} must be a number.`
    answers = Math.max(answers, choicesIn(value))
  }
  return { maxTokens: most, choices: answers }
}

const readModel = ({ json }: ScannedBody): string | undefined => {
  const model = json["model"]
  return typeof model === "string" && model !== "" ? model : undefined
}

/** Reads what a body that names its model asks for. Fails: returns what is wrong as text. */
export const readAsk = (scanned: ScannedBody, members: CostMembers): Omit<Ask, "usageAsked"> | string => {
  const model = readModel(scanned)
  if (model === undefined) return "The body must name a model."
  const stream = readStream(scanned)
  if (typeof stream === "string") return stream
  const cost = readCost(scanned.json, members)
  if (typeof cost === "string") return cost
  return { model, stream, ...cost, inputTokens: estimateInputTokens(scanned) }
}
