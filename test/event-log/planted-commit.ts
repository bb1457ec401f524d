import { decodeCommit, schemaNumber } from "@sluice/events/commit.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"

/** Puts a commit behind the last one of a subject as a process that checks nothing would have, and gives its id. */
export const plantCommit = async (
  log: EventLog,
  subject: string,
  factsAt: (at: number) => ReadonlyArray<object>,
): Promise<string> => {
  const tail = await log.last(subject)
  if (tail === undefined) throw new Error(`${subject} is empty`)
  const { version, epoch, at, node } = decodeCommit(tail.body)
  const id = `PLANTED${version + 1}`
  const head = { commit: id, version: version + 1, at, node, epoch, schema: schemaNumber }
  const body = JSON.stringify({ ...head, facts: factsAt(at) })
  await log.append({ subject, id, body, expectedSequence: tail.sequence })
  return id
}

const lease = { request: "planted", attempt: 1, lease: "planted.1" }

/** The whole life of a lease whose usage is beyond what a fact can hold. */
export const absurdLife = (channel: string, account: string, at: number): ReadonlyArray<object> => {
  const ofChannel = { actor: `channel/${channel}`, at, ...lease, account }
  const ofAccount = { actor: `account/${account}`, at, ...lease }
  const granted = { class: "new", client: "local", model: "demo-gpt", inFlight: 1 }
  const ended = { outcome: "ok", status: 200, holdMs: 1, ttftMs: 1, inFlight: 0 }
  const tokens = { input: 2 ** 60, output: 1, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
  return [
    { ...ofChannel, type: "channel.acquired", ...granted, waitMs: 0 },
    { ...ofAccount, type: "account.acquired", ...granted, estimate: { inputTokens: 1, outputTokens: 1 } },
    {
      ...ofAccount,
      type: "account.usage_recorded",
      client: "local",
      model: "demo-gpt",
      tokens,
      standardCostNanoUsd: 2 ** 60,
      costNanoUsd: 2 ** 60,
      multiplier: 1,
      priced: true,
      complete: true,
      estimated: false,
      prices: "planted",
    },
    { ...ofChannel, type: "channel.released", ...ended },
    { ...ofAccount, type: "account.released", ...ended, startedAt: at },
  ]
}
