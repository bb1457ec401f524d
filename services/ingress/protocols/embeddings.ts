import { chatCompletions } from "./chat-completions.ts"
import type { WireProtocol } from "./protocol.ts"

/** Embeddings: an answer without output tokens, always whole. Source: OpenAI API reference. */
export const embeddings: WireProtocol = {
  ...chatCompletions,
  usageIsAsked: false,
  read: (json, bytes, path) => {
    const ask = chatCompletions.read(json, bytes, path)
    return typeof ask === "string" ? ask : { ...ask, stream: false, maxTokens: 0 }
  },
}
