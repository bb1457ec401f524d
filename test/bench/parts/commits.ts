import { channelSubject } from "@sluice/events/identifier.ts"
import { HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import { systemClock } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { median, percentile } from "../figures.ts"
import { applicant, type ChannelShape, configure, type Held, meter, release } from "./channel-commands.ts"
import { openPrivateLog } from "./private-log.ts"
import { recordCommits } from "./recorded-commits.ts"

/** How fast facts are stored. */
export interface CommitSpeed {
  readonly channels: number
  readonly factsPerCommit: number
  /** Decided, evolved and stored, as by the ingress. */
  readonly hostedFactsPerSecond: number
  /** Stored alone, each channel with one commit under way. */
  readonly appendedFactsPerSecond: number
  /** One commit at a time. */
  readonly oneAtATimeMs: { readonly p50: number; readonly p99: number }
}

const shape: ChannelShape = { accounts: 1, clients: 1, slots: 100 }

/** Measures commits to a real `nats-server`. Source: L5, L6. */
export const measureCommits = async (options: {
  channels: number
  facts: number
  rounds: number
}): Promise<CommitSpeed> => {
  const { channels, facts, rounds } = options
  await using opened = await openPrivateLog()
  const { log } = opened
  const latenciesMs = await oneAtATime(log, facts / 100)
  const hosted = await Promise.all(
    Array.from({ length: channels }, (_, index) => openChannel(log, `hosted-${index}`)),
  )
  const hostedPerSecond: Array<number> = []
  const appendedPerSecond: Array<number> = []
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const turns = Math.ceil(facts / channels / factsPerTurn)
    hostedPerSecond.push(await perSecond(() => runAll(hosted.map((channel) => channel.run(turns)))))
    appendedPerSecond.push(await appendRecorded(log, { round, channels, facts }))
  }
  await Promise.all(hosted.map((channel) => channel.close()))
  return {
    channels,
    factsPerCommit: factsPerTurn,
    hostedFactsPerSecond: median(hostedPerSecond.slice(1)),
    appendedFactsPerSecond: median(appendedPerSecond.slice(1)),
    oneAtATimeMs: { p50: median(latenciesMs), p99: percentile(latenciesMs, 0.99) },
  }
}

/** One request's usage and end, and the next one's beginning. */
const factsPerTurn = 5

const openChannel = async (log: EventLog, id: string) => {
  const subject = await HostedSubject.open(channelSubject(id), channelDecider, {
    log,
    clock: systemClock,
    node: "bench",
    events: {},
  })
  subject.execute(configure(id, shape))
  let requests = 0
  let held: Held | undefined
  /** Everything that is decided in this turn goes into one commit. */
  const turn = (): Promise<void> => {
    if (held !== undefined) {
      subject.execute(meter(held))
      subject.execute(release(held, systemClock.now()))
    }
    const wanted = applicant(++requests, shape, systemClock.now())
    const executed = subject.execute({
      type: "acquire",
      ...wanted,
      since: wanted.arrivedAt,
      tried: new Set(),
    })
    if (executed.kind !== "facts") throw new Error(`${id} granted nothing`)
    const [acquired] = executed.facts
    if (acquired?.type !== "channel.acquired") throw new Error(`${id} granted nothing`)
    held = { lease: acquired.lease, account: acquired.account }
    return executed.committed
  }
  await turn()
  const run = async (turns: number): Promise<number> => {
    for (let count = 0; count < turns; count++) await turn()
    return turns * factsPerTurn
  }
  return { turn, run, close: () => subject.close() }
}

const oneAtATime = async (log: EventLog, commits: number): Promise<ReadonlyArray<number>> => {
  const channel = await openChannel(log, "alone")
  const latenciesMs: Array<number> = []
  for (let count = 0; count < commits; count++) {
    const begin = performance.now()
    await channel.turn()
    latenciesMs.push(performance.now() - begin)
  }
  await channel.close()
  // The first half warms up.
  return latenciesMs.slice(Math.floor(commits / 2))
}

const appendRecorded = async (
  log: EventLog,
  { round, channels, facts }: { round: number; channels: number; facts: number },
): Promise<number> => {
  const recorded = recordCommits(0, Math.ceil(facts / channels / factsPerTurn))
  const appendAll = async (channel: number): Promise<number> => {
    const subject = channelSubject(`appended-${round}-${channel}`)
    let expectedSequence = 0
    let stored = 0
    for (const { id, body, facts: count } of recorded) {
      expectedSequence = await log.append({
        subject,
        id: `${id}-${round}-${channel}`,
        body,
        expectedSequence,
      })
      stored += count
    }
    return stored
  }
  return perSecond(() => runAll(Array.from({ length: channels }, (_, channel) => appendAll(channel))))
}

const runAll = async (counts: ReadonlyArray<Promise<number>>): Promise<number> =>
  (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)

const perSecond = async (run: () => Promise<number>): Promise<number> => {
  const begin = performance.now()
  const count = await run()
  return (count / (performance.now() - begin)) * 1_000
}
