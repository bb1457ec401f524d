import { toSnapshot } from "@sluice/actors/group/snapshot.ts"
import { decodeCommit } from "@sluice/events/commit.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { finishedSequence, openNatsClaims } from "@sluice/infra/clickhouse/nats-claims.ts"
import { manualClock } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { shortenLog } from "@sluice/ingress/hosting/retention.ts"
import { configuration, startActors } from "@sluice/ingress/testing/actors-in-memory.ts"
import { expect, test } from "vitest"
import { startPrivateNats } from "./event-log-server.ts"

const dayMs = 86_400_000
const idle = channelSubject("idle")
const wanted = configuration([{ id: "idle" }, { id: "busy" }])

type Actors = Awaited<ReturnType<typeof startActors>>

const settled = async ({ node }: Actors) => {
  await Promise.all([...node.channels.values()].map(({ subject }) => subject.settled))
  await node.ingress.settled
}

const serve = async (actors: Actors, channel: string) => {
  const { subject } = actors.node.channels.get(channel)!
  // A reset is the least that can happen to a channel.
  subject.execute({ type: "reset", by: "api:test" })
  await settled(actors)
}

const versionsOf = async (log: EventLog, subject: string) => {
  const versions: Array<number> = []
  for await (const { body } of log.read({ subject, afterSequence: 0 }))
    versions.push(decodeCommit(body).version)
  return versions
}

test("L5: on a real server an idle channel keeps its tail and its fence through two purges, and its actors come back equal", async () => {
  await using server = await startPrivateNats()
  const [log, claims] = [
    await openJetStreamLog({ url: server.url }),
    await openNatsClaims({ url: server.url }),
  ]
  const clock = manualClock()
  const actors = await startActors({ wanted, log, clock })
  const look = async () => {
    const purged: Array<unknown> = []
    await shortenLog({
      log,
      clock,
      subjects: () => actors.node.subjects,
      projected: () => finishedSequence(server.url),
      retention: () => ({ days: 14, bytes: 1e12 }),
      logger: { info: (told: object) => void purged.push(told), error: expect.unreachable },
    })
    await settled(actors)
    return purged
  }
  const project = async () => {
    const { revision } = await claims.read()
    const finished = await log.head()
    await claims.write(
      { database: "d", repairs: 0, nextBlock: 1, checkFrom: 0, finished, claim: null },
      revision,
    )
  }
  await serve(actors, "idle")
  clock.advance(dayMs)
  await look()
  const before = await versionsOf(log, idle)
  for (let purge = 0; purge < 2; purge += 1) {
    for (let day = 0; day < 3; day += 1) {
      await serve(actors, "busy")
      clock.advance(dayMs)
      await look()
    }
    clock.advance(15 * dayMs)
    expect(await look()).toEqual([])
    await project()
    expect((await look()).length).toBeGreaterThan(0)
    expect(await versionsOf(log, idle)).toEqual(before.slice(-1))
  }
  await serve(actors, "idle")
  expect(await versionsOf(log, idle)).toEqual([before.at(-1)!, before.at(-1)! + 1])
  const states = (of: Actors) =>
    [...of.node.channels]
      .toSorted(([one], [other]) => one.localeCompare(other))
      .map(([id, { subject }]) => [id, subject.version, toSnapshot(subject.state)])
  await actors.node.close()
  const again = await startActors({ wanted, log, clock })
  expect(again.troubles).toEqual([])
  expect(states(again)).toEqual(states(actors))
  await Promise.all([log.close(), claims.close()])
}, 60_000)
