import { JetStreamApiCodes, PubHeaders, type ApiError, type PubAck } from "@nats-io/jetstream"
import { createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-node"
import type { Cancel, Clock } from "../../clock/clock.ts"
import {
  CommitTooLarge,
  LogUnavailable,
  WrongSequence,
  type EventLog,
  type StoredMessage,
} from "../event-log.ts"

type Commit = Parameters<EventLog["append"]>[0]

/** An answer to a publish, as the client gives it. */
export type PublishAnswer = Pick<Msg, "subject" | "data" | "json">

/** What commits are published over: as much of a connection as that takes. */
export interface PublishingConnection {
  readonly nats: {
    publish(subject: string, body: string, options: { headers: MsgHdrs; reply: string }): void
    subscribe(
      subject: string,
      options: { callback: (error: Error | null, message: PublishAnswer) => void },
    ): unknown
  }
  requireConnected(): void
  bodyBytesMax(): number
  onLost(listener: (reason: string) => void): void
}

interface Pending {
  readonly commit: Commit
  readonly dueAt: number
  readonly resolve: (sequence: number | Promise<number>) => void
  readonly reject: (error: unknown) => void
}

type Answer = PubAck & { readonly error?: ApiError }

const isWrongSequence = (error: ApiError): boolean =>
  error.err_code === JetStreamApiCodes.StreamWrongLastSequence ||
  error.err_code === JetStreamApiCodes.StreamWrongLastSequenceUnknown

const fenced = (commit: Commit) => {
  const head = headers()
  head.set(PubHeaders.MsgIdHdr, commit.id)
  head.set(PubHeaders.ExpectedLastSubjectSequenceHdr, String(commit.expectedSequence))
  return head
}

/** A text takes at most three bytes a character, so most need not be measured. */
const requireSize = ({ subject, body }: Commit, bytesMax: number): void => {
  if (body.length * 3 <= bytesMax) return
  const bytes = Buffer.byteLength(body)
  if (bytes > bytesMax) throw new CommitTooLarge({ subject, bytes, bytesMax })
}

/**
 * Finds out what a refusal by the fence means.
 *
 * The server checks the expected sequence before the id, so the message that is in the way may be this very commit, sent and stored before.
 * Fails: rejects with `WrongSequence`, or with `LogUnavailable` where the tail is not known or a commit that no replica has stored yet is in the way.
 * Source: L8.
 */
const settleConflict = async (
  commit: Commit,
  last: (subject: string) => Promise<StoredMessage | undefined>,
): Promise<number> => {
  const { subject, id, expectedSequence } = commit
  const tail = await last(subject)
  if (tail?.id === id) return tail.sequence
  const actual = tail?.sequence ?? 0
  if (actual === expectedSequence) {
    throw new LogUnavailable({ reason: `another commit of ${subject} is on its way` })
  }
  throw new WrongSequence({ subject, expected: expectedSequence, actual })
}

/**
 * Makes the function that stores commits behind the fence.
 *
 * One inbox and one timer serve every commit in flight; a request of the client each, with a timer and a race of promises, costs three times the processor time.
 * Fails: `append` rejects with `WrongSequence`, and with `LogUnavailable` when the acknowledgement does not come in time, the connection is lost meanwhile or the server cannot
 * store; with `CommitTooLarge` where the server says that it takes no body of this size.
 * Source: L5, L8, L9.
 */
export const createAppend = (options: {
  connection: PublishingConnection
  clock: Clock
  timeoutMs: number
  last: (subject: string) => Promise<StoredMessage | undefined>
}): EventLog["append"] => {
  const { connection, clock, timeoutMs, last } = options
  const { nats } = connection
  const inbox = `${createInbox()}.`
  const pending = new Map<string, Pending>()
  let count = 0
  let timer: Cancel | undefined

  const failAll = (reason: string): void => {
    const failed = [...pending.values()]
    pending.clear()
    timer?.()
    timer = undefined
    for (const { reject } of failed) reject(new LogUnavailable({ reason }))
  }

  const expire = (): void => {
    timer = undefined
    const now = clock.now()
    for (const [token, { dueAt, reject, commit }] of pending) {
      if (dueAt > now) return arm(dueAt)
      pending.delete(token)
      reject(new LogUnavailable({ reason: `no acknowledgement of ${commit.subject} within ${timeoutMs} ms` }))
    }
  }

  const arm = (dueAt: number): void => {
    // After a stall of this process the acknowledgements lie in the socket while the timer is due: they are read first.
    timer = clock.at(dueAt, () => clock.soon(expire))
  }

  const settle = (message: PublishAnswer): void => {
    const token = message.subject.slice(inbox.length)
    const found = pending.get(token)
    if (found === undefined) return
    pending.delete(token)
    const { resolve, reject, commit } = found
    if (message.data.length === 0) return reject(new LogUnavailable({ reason: "nobody keeps the stream" }))
    const answer = message.json<Answer>()
    if (answer.error === undefined) return resolve(answer.seq)
    if (isWrongSequence(answer.error)) return resolve(settleConflict(commit, last))
    reject(new LogUnavailable({ reason: answer.error.description }))
  }

  connection.onLost(failAll)
  nats.subscribe(`${inbox}*`, {
    callback: (error, message) => (error === null ? settle(message) : failAll(error.message)),
  })

  return (commit) =>
    new Promise((resolve, reject) => {
      connection.requireConnected()
      requireSize(commit, connection.bodyBytesMax())
      const token = (count++).toString(36)
      nats.publish(commit.subject, commit.body, { headers: fenced(commit), reply: inbox + token })
      const dueAt = clock.now() + timeoutMs
      pending.set(token, { commit, dueAt, resolve, reject })
      if (timer === undefined) arm(dueAt)
    })
}
