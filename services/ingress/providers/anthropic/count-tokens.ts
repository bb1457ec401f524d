import type { Figures, WireProtocol } from "../protocol.ts"
import { messages } from "./messages.ts"

const nothing: Figures = {
  tokens: { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  final: true,
}

/** The counting of a message's tokens: it tells how many there would be, and uses none. Source: Anthropic API reference. */
export const countTokens: WireProtocol = {
  ...messages,
  read: (scanned, path) => {
    const ask = messages.read(scanned, path)
    return typeof ask === "string" ? ask : { ...ask, stream: false, maxTokens: 0, inputTokens: 0 }
  },
  readFigures: () => nothing,
}
