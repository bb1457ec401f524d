import type { WireProtocol } from "../protocol.ts"
import { chatCompletions } from "./chat-completions.ts"

/** Embeddings: an answer without output tokens, always whole. Source: OpenAI API reference. */
export const embeddings: WireProtocol = {
  ...chatCompletions,
  usageIsAsked: false,
  read: (scanned, path) => {
    const ask = chatCompletions.read(scanned, path)
    return typeof ask === "string" ? ask : { ...ask, stream: false, maxTokens: 0 }
  },
}
