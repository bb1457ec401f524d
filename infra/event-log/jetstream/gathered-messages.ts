import { setTimeout as pause } from "node:timers/promises"
import type { Consumer, ConsumerMessages, JsMsg } from "@nats-io/jetstream"

/** Messages in order, until they are stopped. */
export interface GatheredMessages extends AsyncIterable<JsMsg> {
  stop(): void
}

/** How much one pull asks for at most and how long it waits, and how long the server is left alone when nothing is left. */
interface Gathering {
  readonly pull: { readonly max_messages: number; readonly expires: number; readonly idle_heartbeat: number }
  readonly gatherMs: number
}

/**
 * Takes all that a consumer has, and leaves the server alone for a while before it asks for what has come meanwhile.
 *
 * A message that is delivered as it comes costs the server and its reader several times what one among many does; so only the first one after a silence comes at once.
 * Fails: as the consumer's pulls do.
 */
export const gatherMessages = (consumer: Consumer, { pull, gatherMs }: Gathering): GatheredMessages => {
  const stopped = new AbortController()
  let pulled: ConsumerMessages | undefined
  /** Returns up to `count` messages; waits for the first of them. */
  async function* take(count: number): AsyncGenerator<JsMsg> {
    pulled = await consumer.fetch({ ...pull, max_messages: count })
    if (stopped.signal.aborted) pulled.stop()
    yield* pulled
  }
  async function* gather(): AsyncGenerator<JsMsg> {
    for (let count = 1; !stopped.signal.aborted;) {
      // How much else there is stands in each message.
      let left = 0
      for await (const message of take(count)) {
        left = message.info.pending
        yield message
      }
      count = Math.max(1, Math.min(left, pull.max_messages))
      // An end of the pause before its time is one of the loop.
      if (left === 0) await pause(gatherMs, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
  }
  return {
    [Symbol.asyncIterator]: gather,
    stop: () => {
      stopped.abort()
      pulled?.stop()
    },
  }
}
