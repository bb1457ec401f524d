import { errors } from "@nats-io/transport-node"
import { LogForked, LogUnavailable } from "./event-log.ts"

const isNotOfServer = (error: unknown): boolean =>
  error instanceof LogForked ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof SyntaxError ||
  error instanceof errors.InvalidArgumentError ||
  error instanceof errors.InvalidOperationError ||
  error instanceof errors.InvalidSubjectError

/**
 * Reads an error of the NATS client as `LogUnavailable`.
 *
 * Fails: throws the error itself where it speaks of a mistake in the call, or of another log, and not of the server.
 * Source: L9.
 */
export const asUnavailable = (error: unknown, doing: string): LogUnavailable => {
  if (error instanceof LogUnavailable) return error
  if (!(error instanceof Error) || isNotOfServer(error)) throw error
  return new LogUnavailable({ reason: `${doing}: ${error.message || error.name}` })
}

/** Runs one question to the server and rejects with `LogUnavailable` where no answer came. Source: L9. */
export const asking = async <A>(doing: string, ask: () => Promise<A>): Promise<A> => {
  try {
    return await ask()
  } catch (error) {
    throw asUnavailable(error, doing)
  }
}
