import { RepairAnswer, StoppedAnswer } from "@sluice/infra/operations/repair-answer.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect, Schema } from "effect"
import { askRunning, operator, valueIn } from "../ask-running.ts"
import { wrapped } from "../wrapped-text.ts"

const width = 80
const indent = "  "

/** Prints what is closed, and why. Fails: with one line where nothing runs. */
export const listStopped = Effect.fnUntraced(function* (options: {
  readonly json: boolean
  readonly dataDirectory: string
}) {
  const answer = yield* askRunning(options.dataDirectory, { type: "stopped" })
  const stopped = yield* valueIn(Schema.Array(StoppedAnswer), answer)
  if (options.json) return printLine(JSON.stringify({ closed: stopped }))
  if (stopped.length === 0) return printLine("nothing is closed")
  for (const { actor, reason, commit, sequence } of stopped) {
    const place = commit === null ? "" : ` (commit ${commit}, sequence ${sequence})`
    printLine([visible(actor), ...indented(`${reason}${place}`)].join("\n"))
  }
  return printLine(`sluice repair ACTOR opens one; --dry-run says first what it would do`)
})

/** Sets aside what keeps an actor closed, or says what would be. Fails: with one line where it cannot. */
export const repair = Effect.fnUntraced(function* (options: {
  readonly actor: string
  readonly isTrial: boolean
  readonly json: boolean
  readonly dataDirectory: string
}) {
  const { actor, isTrial, json, dataDirectory } = options
  const answer = yield* askRunning(dataDirectory, { type: "repair", actor, by: operator, isTrial })
  const repairs = yield* valueIn(Schema.Array(RepairAnswer), answer)
  if (json) return printLine(JSON.stringify({ actor, isTrial, repairs }))
  for (const one of repairs) printLine(repairText(one, isTrial))
  if (!isTrial) return printLine(visible(answer.message))
  return repairs.length === 0
    ? printLine(`${actor} can be opened as it is: sluice reset ${actor}`)
    : undefined
})

const repairText = (one: RepairAnswer, isTrial: boolean): string => {
  const { commit, sequence, version, reason, kept, left } = one
  const tense = isTrial ? "would be" : "is"
  const facts = `${kept} of its facts hold, ${left.length} ${left.length === 1 ? "is" : "are"} left out`
  return [
    commit === null
      ? `the end behind sequence ${sequence} ${tense} given up`
      : `commit ${visible(commit)} (version ${version}, sequence ${sequence}) ${tense} set aside`,
    ...indented(reason),
    ...(commit === null ? [] : indented(facts)),
    ...left.flatMap(indented),
  ].join("\n")
}

const indented = (text: string): ReadonlyArray<string> =>
  wrapped(visible(text.replaceAll(/\s+/gu, " ")), width - indent.length).map((line) => indent + line)

const printLine = (text: string): void => void print(`${text}\n`)
