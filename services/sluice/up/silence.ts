import { connect } from "node:net"
import { Effect } from "effect"

const askEveryMs = 1_000

/**
 * Asks once a second, and waits until no answer has come for so long; gives the reason in words.
 *
 * Only what this process itself waited counts: a machine that slept, or that is too busy for this process too, makes nobody silent.
 * Source: S2.
 */
export const untilSilent = Effect.fnUntraced(function* (
  answers: Effect.Effect<void>,
  silentMs: number,
): Effect.fn.Return<string> {
  for (let waitedMs = 0; waitedMs < silentMs;) {
    const hasAnswered = yield* Effect.raceFirst(
      Effect.as(answers, true),
      Effect.as(Effect.sleep(askEveryMs), false),
    )
    waitedMs = hasAnswered ? 0 : waitedMs + askEveryMs
    if (hasAnswered) yield* Effect.sleep(askEveryMs)
  }
  return `it did not answer for ${silentMs / 1_000} s and was ended`
})

/** Resolves when a NATS server greets a new connection, which takes no credentials; where none can be made, never. */
export const greetingFrom = (url: string): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.once("data", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.on("error", () => socket.destroy())
    return Effect.sync(() => socket.destroy())
  })
