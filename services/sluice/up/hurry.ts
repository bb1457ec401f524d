import { isAtTerminal } from "@sluice/infra/bootstrap/terminal.mjs"
import { Effect, type Scope } from "effect"

/** Returns a signal that a second Ctrl-C (or SIGTERM) aborts: what is being stopped is ended at once then. Source: S2. */
export const hurryAtSecondSignal: Effect.Effect<AbortSignal, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const hurry = new AbortController()
      let signals = 0
      const count = () => {
        signals += 1
        if (signals > 1) hurry.abort()
      }
      process.on("SIGINT", count)
      process.on("SIGTERM", count)
      process.on("SIGHUP", endLikewise)
      return { hurry, count }
    }),
    ({ count }) =>
      Effect.sync(() => {
        process.off("SIGINT", count)
        process.off("SIGTERM", count)
        process.off("SIGHUP", endLikewise)
      }),
  ),
  ({ hurry }) => hurry.signal,
)

/** A terminal that is closed stops everything as Ctrl-C does; where there is none, as under `nohup`, a hang-up means nothing. */
const endLikewise = (): void => void (isAtTerminal() && process.kill(process.pid, "SIGTERM"))
