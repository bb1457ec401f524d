import type { Protocol } from "@sluice/events/field.ts"
import { chatCompletions } from "@sluice/ingress/protocols/chat-completions.ts"
import { generateContent } from "@sluice/ingress/protocols/generate-content.ts"
import { messages } from "@sluice/ingress/protocols/messages.ts"
import type { WireProtocol } from "@sluice/ingress/protocols/protocol.ts"

/** The endpoint that requests in virtual time call, by the protocol of the channel that carries them. */
export const spokenProtocol: Readonly<Record<Protocol, WireProtocol>> = {
  openai: chatCompletions,
  anthropic: messages,
  gemini: generateContent,
}
