import { completionText, textStarts } from "./completion-text.ts"
import type { Control, ToolCall } from "./control-headers.ts"
import type { Ask } from "./request-body.ts"
import { drawAround, drawId, type Random } from "./seeded-random.ts"
import type { ProviderSettings } from "./settings.ts"

/** Tokens of one answer by kind; input and output include the kinds named after them. */
export interface SimulatedUsage {
  readonly inputTokens: number
  readonly cachedTokens: number
  readonly cacheWriteTokens: number
  readonly outputTokens: number
  readonly reasoningTokens: number
}

/** Everything that is decided about an answer before its first byte. */
export interface Plan {
  readonly id: string
  readonly createdS: number
  readonly model: string
  readonly usage: SimulatedUsage
  readonly finish: "stop" | "length" | "tool"
  /** What stands in place of the text. */
  readonly toolCall: ToolCall | null
  readonly ask: Ask
  /** Content chunks of the answer if it is a stream. */
  readonly chunks: number
  readonly ttftMs: number
  readonly gapMs: number
  /** Deviation of each gap from `gapMs`, as a fraction of it. */
  readonly gapJitter: number
  /** What is drawn while the answer runs. */
  readonly draws: Random
  readonly textFrom: number
  readonly textTokens: number
}

const charactersPerToken = 4
const framingTokens = 7

/**
 * Decides one answer from the request, its control headers, the settings and the draws of its seed; only the
 * id differs between two tries.
 */
export function planAnswer(
  ask: Ask,
  control: Control,
  settings: ProviderSettings,
  from: { ids: Random; draws: Random },
): Plan {
  const random = from.draws
  const drawnTokens = Math.round(drawAround(random, settings.outputTokens, settings.jitter))
  const drawnTtftMs = drawAround(random, settings.firstTokenMs, settings.jitter)
  const textFrom = Math.floor(random() * textStarts)
  const wanted = ask.writes ? (control.outputTokens ?? control.chunks ?? drawnTokens) : 0
  const capped = control.outputTokens === null && ask.maxTokens !== null && ask.maxTokens < wanted
  const outputTokens = capped && ask.maxTokens !== null ? ask.maxTokens : wanted
  const chunks = ask.writes && control.toolCall === null ? (control.chunks ?? outputTokens) : 0
  const inputTokens =
    control.inputTokens ?? framingTokens + Math.ceil(ask.promptCharacters / charactersPerToken)
  const serviceMs = control.serviceMs ?? settings.serviceMs
  const ttftMs = control.ttftMs ?? (serviceMs === null ? drawnTtftMs : serviceMs / Math.max(1, chunks))
  const exactGapMs =
    control.chunkGapMs ??
    (serviceMs === null ? null : Math.max(0, serviceMs - ttftMs) / Math.max(1, chunks - 1))
  return {
    id: drawId(from.ids, 24),
    createdS: Math.floor(Date.now() / 1000),
    model: ask.model,
    usage: {
      inputTokens,
      cachedTokens: Math.min(inputTokens, control.cachedTokens ?? 0),
      cacheWriteTokens: Math.min(
        inputTokens - Math.min(inputTokens, control.cachedTokens ?? 0),
        control.cacheWriteTokens ?? 0,
      ),
      outputTokens,
      reasoningTokens: Math.min(outputTokens, control.reasoningTokens ?? 0),
    },
    finish: finishOf(control, capped),
    toolCall: control.toolCall,
    ask,
    chunks,
    ttftMs,
    gapMs: exactGapMs ?? (1000 / settings.tokensPerSecond) * (outputTokens / Math.max(1, chunks)),
    gapJitter: exactGapMs === null ? settings.jitter : 0,
    draws: random,
    textFrom,
    textTokens: Math.max(outputTokens, chunks),
  }
}

function finishOf({ toolCall }: Control, capped: boolean): Plan["finish"] {
  if (toolCall !== null) return "tool"
  return capped ? "length" : "stop"
}

/** Time from the request to the last byte of an answer that is not streamed. */
export function wholeMs(plan: Plan): number {
  return plan.ttftMs + plan.gapMs * Math.max(0, plan.chunks - 1)
}

/** The whole text of an answer, as it stands in a JSON string. */
export function wholeText(plan: Plan): string {
  return completionText(plan.textFrom, plan.textTokens)
}

/** The text of one chunk; all chunks together are the whole text. */
export function chunkText(plan: Plan, chunk: number): string {
  const begin = Math.floor((chunk * plan.textTokens) / plan.chunks)
  const end = Math.floor(((chunk + 1) * plan.textTokens) / plan.chunks)
  return completionText(plan.textFrom + begin, end - begin)
}
