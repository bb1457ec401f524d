/** What a simulated provider reads in a request. */
export interface Ask {
  readonly model: string
  readonly stream: boolean
  readonly streamOptions: boolean
  readonly includeUsage: boolean
  readonly maxTokens: number | null
  readonly promptCharacters: number
  /** False where no text is asked for. */
  readonly writes: boolean
  /** The number of texts to embed, and how many numbers each of them gets. */
  readonly inputs: number
  readonly dimensions: number
  readonly asBase64: boolean
}

/** A body that the protocol does not allow, in the words of the provider; `param` is the field meant. */
export interface InvalidAsk {
  readonly invalid: string
  readonly param?: string
}

/** A body as it was parsed. */
export type Body = Readonly<Record<string, unknown>>

const plain: Omit<Ask, "model" | "promptCharacters"> = {
  stream: false,
  streamOptions: false,
  includeUsage: false,
  maxTokens: null,
  writes: true,
  inputs: 1,
  dimensions: 0,
  asBase64: false,
}

/**
 * Parses a body and lets a wire read it; only what the answer depends on is checked. Fails: returns what is
 * wrong with it.
 */
export function readAsk(body: string, read: (json: Body) => Ask | InvalidAsk): Ask | InvalidAsk {
  const json = parseObject(body)
  return json === null ? { invalid: "We could not parse the JSON body of your request." } : read(json)
}

/** Makes what was read an ask. Fails: refuses a maximum that is no positive whole number. */
export function askOf(
  maxTokens: unknown,
  prompt: readonly unknown[],
  of: { readonly model: string } & Partial<Ask>,
): Ask | InvalidAsk {
  const most = maxTokens ?? null
  if (most !== null && !(typeof most === "number" && Number.isInteger(most) && most > 0)) {
    return {
      invalid: "max_tokens: Input should be an integer greater than or equal to 1",
      param: "max_tokens",
    }
  }
  return { ...plain, maxTokens: most, promptCharacters: countCharacters(prompt), ...of }
}

/** Reads the model that a body names; `null` where it names none. */
export function modelIn({ model }: Body): string | null {
  return typeof model === "string" && model !== "" ? model : null
}

/** Narrows a parsed value to an object that is no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
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

function countCharacters(part: unknown): number {
  if (typeof part === "string") return part.length
  if (Array.isArray(part)) return part.reduce<number>((sum, item) => sum + countCharacters(item), 0)
  return isObject(part) ? countCharacters(part["content"] ?? part["parts"] ?? part["text"]) : 0
}
