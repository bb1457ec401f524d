/** What a simulated provider reads in the body of a request. */
export interface Ask {
  readonly model: string
  readonly stream: boolean
  readonly streamOptions: boolean
  readonly includeUsage: boolean
  readonly maxTokens: number | null
  readonly promptCharacters: number
}

/** A body that the protocol does not allow, in the words of the provider; `param` is the field meant. */
export interface InvalidAsk {
  readonly invalid: string
  readonly param?: string
}

/** Parses a body; only what the answer depends on is checked. Fails: returns what is wrong with it. */
export function readAsk(protocol: "openai" | "anthropic", body: string): Ask | InvalidAsk {
  const json = parseObject(body)
  if (json === null) return { invalid: "We could not parse the JSON body of your request." }
  const { model, messages, stream, stream_options: streamOptions } = json
  if (typeof model !== "string" || model === "") return missing(protocol, "model")
  if (!Array.isArray(messages)) return missing(protocol, "messages")
  const maxTokens = json["max_completion_tokens"] ?? json["max_tokens"] ?? null
  if (maxTokens === null && protocol === "anthropic") return missing(protocol, "max_tokens")
  if (
    maxTokens !== null &&
    !(typeof maxTokens === "number" && Number.isInteger(maxTokens) && maxTokens > 0)
  ) {
    return {
      invalid: "max_tokens: Input should be an integer greater than or equal to 1",
      param: "max_tokens",
    }
  }
  return {
    model,
    stream: stream === true,
    streamOptions: streamOptions !== undefined && streamOptions !== null,
    includeUsage: isObject(streamOptions) && streamOptions["include_usage"] === true,
    maxTokens,
    promptCharacters: countCharacters(messages) + countCharacters(json["system"]),
  }
}

function missing(protocol: "openai" | "anthropic", param: string): InvalidAsk {
  return {
    invalid: protocol === "openai" ? `Missing required parameter: '${param}'.` : `${param}: Field required`,
    param,
  }
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(body)
    return isObject(json) ? json : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function countCharacters(part: unknown): number {
  if (typeof part === "string") return part.length
  if (Array.isArray(part)) return part.reduce<number>((sum, item) => sum + countCharacters(item), 0)
  return isObject(part) ? countCharacters(part["content"] ?? part["text"]) : 0
}
