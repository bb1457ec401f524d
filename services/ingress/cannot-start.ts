import { errorText } from "@sluice/infra/process/error-text.ts"
import { Effect, Schema } from "effect"

/** The ingress cannot start, and says why in a line for each problem. */
export class CannotStart extends Schema.TaggedError<CannotStart>()("CannotStart", {
  message: Schema.String,
}) {}

/** Makes of any error the one that a start fails with. */
export const cannotStart = (error: unknown): CannotStart => new CannotStart({ message: errorText(error) })

/** Does something that a start needs. Fails: `CannotStart` with the message of whatever it rejects with. */
export const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, CannotStart> =>
  Effect.tryPromise({ try: run, catch: cannotStart })
