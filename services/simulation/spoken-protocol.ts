import type { Protocol } from "@sluice/events/field.ts"
import { messages } from "@sluice/ingress/providers/anthropic/messages.ts"
import { generateContent } from "@sluice/ingress/providers/gemini/generate-content.ts"
import { chatCompletions } from "@sluice/ingress/providers/openai/chat-completions.ts"
import type { WireProtocol } from "@sluice/ingress/providers/protocol.ts"

/** The endpoint that requests in virtual time call, by the protocol of the channel that carries them. */
export const spokenProtocol: Readonly<Record<Protocol, WireProtocol>> = {
  openai: chatCompletions,
  anthropic: messages,
  gemini: generateContent,
}
