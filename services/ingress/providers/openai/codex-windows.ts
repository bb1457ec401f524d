import type { Finding } from "../classification/adapter.ts"
import type { AnswerHeaders } from "../classification/answered.ts"
import { believedMs, believedReset, epochSecondsOf, latestReset, numberOf } from "../classification/resets.ts"

const slots = ["primary", "secondary"] as const
type Slot = (typeof slots)[number]

const fiveHoursMin = 300
const sevenDaysMin = 10_080
const absurdPercent = 1_000

/**
 * Reads which windows of a Codex subscription are used up; `undefined` where none is.
 *
 * A slot says for itself how long its window is: the one of 7 days stands in the first slot of some plans.
 * Source: C2.
 */
export const codexFinding = (headers: AnswerHeaders, nowMs: number): Finding | undefined => {
  const spent = slots.filter((slot) => {
    const percent = numberOf(headers[`x-codex-${slot}-used-percent`])
    return percent !== undefined && percent >= 100 && percent <= absurdPercent
  })
  if (spent.length === 0) return undefined
  const resets = spent.map((slot) =>
    believedReset(resetOf(headers, slot, nowMs), { nowMs, withinMs: withinOf(headers, slot) }),
  )
  return { classification: "window", resetAt: latestReset(resets) }
}

/** Reads when the window of 5 hours ends, in whichever slot it stands. Source: D6. */
export const codexWindowEndsAt = (headers: AnswerHeaders, nowMs: number): number | undefined => {
  for (const slot of slots) {
    const minutes = headers[`x-codex-${slot}-window-minutes`]
    if (minutes === undefined || numberOf(minutes) !== fiveHoursMin) continue
    const atMs = resetOf(headers, slot, nowMs)
    return believedReset(atMs, { nowMs, withinMs: believedMs.ofFiveHours }) ?? undefined
  }
  return undefined
}

/** The instant is the same in every answer, the span is not. */
const resetOf = (headers: AnswerHeaders, slot: Slot, nowMs: number): number | undefined => {
  const atMs = epochSecondsOf(headers[`x-codex-${slot}-reset-at`])
  if (atMs !== undefined && atMs > 0) return atMs
  const seconds = numberOf(headers[`x-codex-${slot}-reset-after-seconds`])
  return seconds === undefined ? undefined : nowMs + seconds * 1000
}

const withinOf = (headers: AnswerHeaders, slot: Slot): number => {
  const minutes = numberOf(headers[`x-codex-${slot}-window-minutes`])
  if (minutes === fiveHoursMin || (minutes === undefined && slot === "primary")) return believedMs.ofFiveHours
  if (minutes === sevenDaysMin || minutes === undefined) return believedMs.ofSevenDays
  return believedMs.ofOthers
}
