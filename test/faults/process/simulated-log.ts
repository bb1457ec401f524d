import { sleep } from "@sluice/infra/clock/clock.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import {
  envelopeBytes,
  type EventLog,
  LogUnavailable,
  type StoredMessage,
} from "@sluice/infra/event-log/event-log.ts"
import { createAppend } from "@sluice/infra/event-log/jetstream/append.ts"
import type { Sabotage } from "../sabotage.ts"
import type { Range } from "../world/simulated-jetstream.ts"
import type { SimulatedLink } from "../world/simulated-link.ts"

/** What a log in a simulated server is opened with. */
export interface SimulatedLogOptions {
  readonly link: SimulatedLink
  readonly clock: Clock
  readonly sabotage?: Pick<Sabotage, "last">
}

const appendTimeoutMs = 500
const pauseMs = 250
const batch = 100

/**
 * Opens the log as a process has it: appends go through the client's own code, and everything else asks the simulated server.
 *
 * Source: L5, L8, L9.
 */
export const openSimulatedLog = (options: SimulatedLogOptions): EventLog => {
  const { link, clock, sabotage } = options
  const last: EventLog["last"] = (subject) =>
    link.ask("reading the last commit", (server) =>
      sabotage?.last === undefined ? server.last(subject) : sabotage.last(server, subject),
    )
  return {
    append: createAppend({ connection: link, clock, timeoutMs: appendTimeoutMs, last }),
    bodyBytesMax: () => link.bodyBytesMax(),
    last,
    identity: () => link.ask("reading the identity", (server) => server.identity),
    at: (sequence) => link.ask("reading a commit", (server) => server.at(sequence)),
    subjects: () => link.ask("listing the subjects", (server) => server.subjects()),
    head: () => link.ask("reading the head", (server) => server.head),
    read: (range) => read(options, range),
    follow: (range) => follow(options, range),
    purge: async () => 0,
    bytes: () =>
      link.ask("reading the size", (server) =>
        server.messages.reduce((sum, { body }) => sum + body.length + envelopeBytes, 0),
      ),
    snapshot: (subject) => link.ask("reading a snapshot", (server) => server.snapshots.get(subject)),
    saveSnapshot: (subject, snapshot) =>
      link.ask("storing a snapshot", (server) => {
        // Kept as the JSON that it is stored as.
        if ((server.snapshots.get(subject)?.version ?? 0) <= snapshot.version)
          server.snapshots.set(subject, structuredClone(snapshot))
      }),
    isConnected: () => link.isConnected,
    close: async () => link.close(),
  }
}

const pause = (clock: Clock): Promise<void> => sleep(clock, pauseMs)

/** Reads on after an interruption, as the client opens another consumer behind what it has read. */
async function* read(
  { link, clock }: SimulatedLogOptions,
  { subject, afterSequence, untilSequence = Infinity }: Parameters<EventLog["read"]>[0],
): AsyncGenerator<StoredMessage> {
  const head = await link.ask("reading the log", (server) => server.head)
  const until = Math.min(head, untilSequence)
  for (let last = afterSequence; last < until;) {
    const range = { subject, afterSequence: last, untilSequence: until, count: batch }
    const found = await asked(link, clock, range)
    if (found.length === 0) return
    for (const message of found) {
      last = message.sequence
      yield message
    }
  }
}

async function* follow(
  { link, clock }: SimulatedLogOptions,
  { subject, afterSequence, afterId, signal }: Parameters<EventLog["follow"]>[0],
): AsyncGenerator<StoredMessage> {
  let [last, lastId] = [afterSequence, afterId]
  while (!signal.aborted) {
    const range = { subject, afterSequence: last, afterId: lastId, untilSequence: Infinity, count: batch }
    const found = await asked(link, clock, range)
    for (const message of found) {
      if (signal.aborted) return
      last = message.sequence
      if (lastId !== undefined) lastId = message.id
      yield message
    }
    if (found.length === 0) await moreOrAborted({ link, clock, after: last, signal })
  }
}

const asked = async (
  link: SimulatedLink,
  clock: Clock,
  range: Range,
): Promise<ReadonlyArray<StoredMessage>> => {
  for (;;) {
    try {
      return await link.ask("reading the log", async (server) => server.after(range))
    } catch (error) {
      if (!(error instanceof LogUnavailable) || link.isClosed) throw error
      await pause(clock)
    }
  }
}

/** A follower asks again after a while too: what wakes it may be lost with the connection. */
const moreOrAborted = ({
  link,
  clock,
  after,
  signal,
}: {
  readonly link: SimulatedLink
  readonly clock: Clock
  readonly after: number
  readonly signal: AbortSignal
}): Promise<void> =>
  new Promise((resolve) => {
    clock.at(clock.now() + 4 * pauseMs, resolve)
    signal.addEventListener("abort", () => resolve(), { once: true })
    link
      .ask("waiting", (server) => {
        if (server.head > after) link.tell(resolve)
        else server.onMore(() => link.tell(resolve))
      })
      .catch(() => undefined)
  })
