import { Schema } from "effect"
import { LogUnavailable } from "../event-log/event-log.ts"
import { connectToLog } from "../event-log/jetstream/connection.ts"
import { operationSubject } from "../event-log/jetstream/server-names.ts"
import { errorText } from "../process/error-text.ts"
import { Operation, OperationAnswer } from "./operation.ts"

const answerTimeoutMs = 5_000

const decodeOperation = Schema.decodeUnknownResult(Schema.fromJsonString(Operation))
const decodeAnswer = Schema.decodeUnknownSync(Schema.fromJsonString(OperationAnswer))

/**
 * Answers what operators ask of the running actors, over NATS, until it is closed.
 *
 * Fails: rejects with `LogUnavailable` where the server does not answer.
 */
export const serveOperations = async (options: {
  readonly url: string
  readonly run: (operation: Operation) => Promise<OperationAnswer>
}): Promise<{ close(): Promise<void> }> => {
  const connection = await connectToLog(options.url, "sluice operations")
  const answer = async (text: string): Promise<OperationAnswer> => {
    const operation = decodeOperation(text)
    if (operation._tag === "Failure") return { ok: false, message: whyUnknown(operation.failure) }
    try {
      return await options.run(operation.success)
    } catch (error) {
      return { ok: false, message: errorText(error) }
    }
  }
  const serve = async (): Promise<void> => {
    for await (const message of connection.nats.subscribe(operationSubject))
      message.respond(JSON.stringify(await answer(message.string())))
  }
  void serve()
  return { close: () => connection.close() }
}

const whyUnknown = ({ message }: { readonly message: string }): string =>
  `this version does not take the operation: ${message.split("\n")[0]}`

/** Whoever asks the running actors for operations. */
export interface OperationsClient extends AsyncDisposable {
  /** Fails: rejects with `LogUnavailable` where nobody answers. */
  ask(operation: Operation): Promise<OperationAnswer>
}

/**
 * Opens a connection over which the running actors are asked.
 *
 * Fails: rejects with `LogUnavailable` where the server does not answer.
 */
export const openOperationsClient = async (url: string): Promise<OperationsClient> => {
  const connection = await connectToLog(url, "sluice operations")
  return {
    ask: async (operation) => {
      try {
        const answer = await connection.nats.request(operationSubject, JSON.stringify(operation), {
          timeout: answerTimeoutMs,
        })
        return decodeAnswer(answer.string())
      } catch (error) {
        if (!(error instanceof Error)) throw error
        throw new LogUnavailable({ reason: `no ingress answers at ${connection.shown}: ${error.message}` })
      }
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
}

/**
 * Asks the running actors for one operation.
 *
 * Fails: rejects with `LogUnavailable` where nobody answers.
 */
export const askOperation = async (url: string, operation: Operation): Promise<OperationAnswer> => {
  await using asker = await openOperationsClient(url)
  return await asker.ask(operation)
}
