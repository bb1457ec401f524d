import {
  ChangedLimitAnswer,
  ForgottenAnswer,
  LimitAnswer,
  ListedAnswer,
  StatsAnswer,
  SummaryAnswer,
} from "@sluice/infra/operations/adaptive-answer.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect, Schema } from "effect"
import { askRunning, operator, valueIn } from "../ask-running.ts"
import { terminalLook } from "../query/table.ts"
import { readFixedLimit, readMode } from "./fixed-limit.ts"
import { showList, showStats, showSummary } from "./show.ts"

/** Where to ask, and for whom the answer is. */
export interface Asking {
  readonly data: string
  readonly json: boolean
}

const printLine = (text: string): void => void print(`${text}\n`)

/** Prints the accounts whose limit is learned, or the channels; of one channel or of all. Source: S6. */
export const list = Effect.fnUntraced(function* (
  { kind, channel }: { readonly kind: "account" | "channel"; readonly channel: string | null },
  { data, json }: Asking,
) {
  const answer = yield* askRunning(data, { type: "adaptive_list", kind, channel })
  const all = yield* valueIn(Schema.Array(ListedAnswer), answer)
  printLine(json ? JSON.stringify(all) : showList(all, kind, terminalLook()))
})

/** Prints what a channel or an account knows of its limit. Source: S6. */
export const stats = Effect.fnUntraced(function* (limited: string, { data, json }: Asking) {
  const known = yield* valueIn(StatsAnswer, yield* askRunning(data, { type: "adaptive_stats", limited }))
  printLine(json ? JSON.stringify(known) : showStats(known, terminalLook()))
})

/** Prints all limits that are learned in one. Source: S6. */
export const summary = Effect.fnUntraced(function* ({ data, json }: Asking) {
  const all = yield* valueIn(SummaryAnswer, yield* askRunning(data, { type: "adaptive_summary" }))
  printLine(json ? JSON.stringify(all) : showSummary(all, terminalLook()))
})

/** Makes the limit of a channel or an account one that is learned, or ends that. Source: S6. */
export const setMode = Effect.fnUntraced(function* (
  change: { readonly limited: string; readonly mode: "on" | "off"; readonly limit: string | undefined },
  { data, json }: Asking,
) {
  const { limited, mode } = change
  const limit = yield* readMode(mode, change.limit)
  const answer = yield* askRunning(data, { type: "set_limit", limited, limit, by: operator })
  const { id, isAdaptive, maxConcurrent, effectiveLimit } = yield* valueIn(LimitAnswer, answer)
  printLine(
    json ? JSON.stringify({ id, isAdaptive, maxConcurrent, effectiveLimit }) : visible(answer.message),
  )
})

/** Makes the limit of a channel or an account a number. Source: S6. */
export const setLimit = Effect.fnUntraced(function* (
  change: { readonly limited: string; readonly limit: string },
  { data, json }: Asking,
) {
  const { limited } = change
  const limit = yield* readFixedLimit(change.limit)
  const answer = yield* askRunning(data, { type: "set_limit", limited, limit, by: operator })
  printLine(json ? JSON.stringify(yield* valueIn(ChangedLimitAnswer, answer)) : visible(answer.message))
})

/** Begins to learn the limit of a channel or an account anew. Source: S6. */
export const forget = Effect.fnUntraced(function* (limited: string, { data, json }: Asking) {
  const answer = yield* askRunning(data, { type: "forget", limited, by: operator })
  printLine(json ? JSON.stringify(yield* valueIn(ForgottenAnswer, answer)) : visible(answer.message))
})
