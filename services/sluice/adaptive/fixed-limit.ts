import { FixedLimit, largestLimit } from "@sluice/infra/operations/operation.ts"
import { Effect, Schema } from "effect"
import { CommandFailed } from "../failure.ts"

const isFixedLimit = Schema.is(FixedLimit)

/** Reads a number that a limit can be set to. Fails: with a line that says which ones those are. Source: S6. */
export const readFixedLimit = (text: string): Effect.Effect<number, CommandFailed> => {
  const limit = /^\d+$/u.test(text) ? Number(text) : Number.NaN
  return isFixedLimit(limit)
    ? Effect.succeed(limit)
    : Effect.fail(
        new CommandFailed({
          message: `${JSON.stringify(text)} is no limit: expected a whole number from 1 to ${largestLimit}`,
        }),
      )
}

/**
 * Reads what the limit of an account is to be: learned, or a number that has to be said.
 *
 * A number that is given with `on` is checked and not used.
 * Source: S6.
 */
export const readMode = Effect.fnUntraced(function* (
  mode: "on" | "off",
  text: string | undefined,
): Effect.fn.Return<number | "adaptive", CommandFailed> {
  const fixed = text === undefined ? undefined : yield* readFixedLimit(text)
  if (mode === "on") return "adaptive"
  return (
    fixed ??
    (yield* new CommandFailed({
      message: `off needs --limit N, the number that holds from now on (1 to ${largestLimit})`,
    }))
  )
})
