import { decodeCommit } from "@sluice/events/commit.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"

/** Counts the leases of channels that by the log did not begin once and end once. Source: A9. */
export const countUnpairedLeases = async (natsUrl: string): Promise<number> => {
  const log = await openJetStreamLog({ url: natsUrl, name: "bench" })
  const acquired: Array<string> = []
  const ended: Array<string> = []
  try {
    for await (const { body } of log.read({ afterSequence: 0 }))
      for (const fact of decodeCommit(body).facts) {
        if (fact.type === "channel.acquired") acquired.push(fact.lease)
        else if (fact.type === "channel.released" || fact.type === "channel.expired") ended.push(fact.lease)
      }
  } finally {
    await log.close()
  }
  return unpaired(acquired, ended)
}

/** Counts what does not stand exactly once in both lists. */
export const unpaired = (acquired: ReadonlyArray<string>, ended: ReadonlyArray<string>): number => {
  const begins = Map.groupBy(acquired, (lease) => lease)
  const ends = Map.groupBy(ended, (lease) => lease)
  return [...new Set([...acquired, ...ended])].filter(
    (lease) => begins.get(lease)?.length !== 1 || ends.get(lease)?.length !== 1,
  ).length
}
