import { Diagnosis } from "@sluice/infra/operations/diagnosis.ts"
import { askOperation } from "@sluice/infra/operations/operations.ts"
import { print } from "@sluice/infra/terminal/print.ts"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import { Effect, Schema } from "effect"
import { CommandFailed, failedWith } from "../failure.ts"
import { askProjector } from "../query/source.ts"
import { formatTable } from "../query/table.ts"
import { accessTo, logUrlOf, runningOn } from "../running.ts"
import { wrapped } from "../wrapped-text.ts"
import { adviceLines, adviceOn, clockLines, summaryOf } from "./advice.ts"

/** What is asked. */
export interface DoctorOptions {
  /** Absent: whatever the model. */
  readonly model: string | undefined
  readonly json: boolean
  readonly dataDirectory: string
  readonly natsUrl: string | undefined
}

const usualWidth = 100
const decode = Schema.decodeUnknownSync(Schema.Array(Diagnosis))

/** Prints why each account would refuse now, and until when. Fails: with one line where nothing runs. Source: R6. */
export const doctor = Effect.fnUntraced(function* ({ model, json, dataDirectory, natsUrl }: DoctorOptions) {
  const url = natsUrl ?? (yield* logUrlOf(dataDirectory, "operator"))
  const answer = yield* Effect.tryPromise({
    try: () => askOperation(url, { type: "diagnose", model: model ?? null }),
    catch: failedWith,
  })
  if (!answer.ok) return yield* new CommandFailed({ message: answer.message })
  const diagnoses = decode(answer.value)
  const tables = natsUrl === undefined ? yield* tablesOf(dataDirectory) : undefined
  if (json)
    return void print(
      `${JSON.stringify({ summary: summaryOf(diagnoses), rows: diagnoses.map(withAdvice), tables: tables ?? null })}\n`,
    )
  const table = formatTable(diagnoses.map(rowOf), {
    width: process.stdout.columns ?? usualWidth,
    colours: process.stdout.isTTY && process.stdout.hasColors(),
  })
  const advice = adviceLines(diagnoses).flatMap((line) => wrapped(visible(line), usualWidth))
  const clock = clockLines(diagnoses).flatMap((line) => wrapped(visible(line), usualWidth))
  const behind = tables === undefined ? [] : wrapped(visible(tables), usualWidth)
  const parts = [[summaryOf(diagnoses)], diagnoses.length === 0 ? [] : [table], advice, clock, behind]
  const shown = parts.filter((part) => part.length > 0).map((part) => part.join("\n"))
  print(`${shown.join("\n\n")}\n`)
})

/** Says what is wrong with the tables; nothing where they follow the log. */
const tablesOf = Effect.fnUntraced(function* (dataDirectory: string) {
  const run = yield* runningOn(dataDirectory)
  if (run === undefined) return undefined
  if (run.projector === null) return "the projector does not run: it is being started again"
  const { queries: key } = yield* accessTo(dataDirectory)
  return yield* askProjector({ url: run.projector.url, key })
    .behind()
    .pipe(Effect.catchTag("CommandFailed", ({ message }) => Effect.succeed(message)))
})

const withAdvice = (diagnosis: Diagnosis) => ({ ...diagnosis, advice: adviceOn(diagnosis) })

const rowOf = (diagnosis: Diagnosis) => {
  const { channel, account, model, reason, until, inFlight, limit, waiting } = diagnosis
  return {
    actor: account === null ? `channel/${channel}` : `account/${account}`,
    model,
    now: reason === null ? (account === null ? "open" : "takes it") : reason.replaceAll("_", " "),
    until: until === null ? null : new Date(until).toISOString(),
    inFlight,
    limit: limit ?? "none",
    waiting: account === null ? waiting : null,
  }
}
