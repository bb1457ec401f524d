import type { Fact } from "@sluice/events/commit.ts"
import { actorName, channelSubject } from "@sluice/events/identifier.ts"
import { HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import { systemClock } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { applicant, type ChannelShape, configure, type Held, meter, release } from "./channel-commands.ts"

/** A place in a history. */
export interface HistoryPlace {
  /** How many facts it has had by then. */
  readonly facts: number
  readonly atMs: number
}

/** What a busy channel has stored, while its host goes on to hold it. */
export interface LongHistory extends AsyncDisposable {
  readonly actor: string
  readonly facts: number
  readonly commits: number
  readonly checkpoints: number
  readonly end: HistoryPlace
  /** As near to the middle as a fold has the most to read: directly before a checkpoint, where there is one. */
  readonly middle: HistoryPlace
  /** Returns what the running actors hold. */
  readonly running: () => { readonly version: number; readonly machineHash: string; readonly state: unknown }
}

const id = "history"
const shape: ChannelShape = { accounts: 4, clients: 10, slots: 100 }
const waiters = 20

/** So many ends and arrivals go into one commit; each is six facts. */
const cyclesPerCommit = 60

/** Stores the history of one channel as its host does it, with the checkpoints and the snapshots that it makes by itself. Source: L5, L6, L11. */
export const storeHistory = async (log: EventLog, facts: number): Promise<LongHistory> => {
  const { host, told, cycle } = await openBusyChannel(log)
  const places: Array<HistoryPlace> = []
  const beforeCheckpoints: Array<HistoryPlace> = []
  while (told.facts < facts) {
    const { version } = host
    for (let count = 0; count < cyclesPerCommit; count++) cycle()
    await host.settled
    // A checkpoint is a commit of its own behind that of the facts.
    const last = places.at(-1)
    if (last !== undefined && host.version > version + 1) beforeCheckpoints.push(last)
    places.push({ facts: told.facts, atMs: systemClock.now() })
  }
  const end = places.at(-1)
  const middle = nearest(beforeCheckpoints.length > 0 ? beforeCheckpoints : places, told.facts / 2)
  if (end === undefined || middle === undefined) throw new Error("a history of no facts has no middle")
  return {
    actor: actorName("channel", id),
    facts: told.facts,
    commits: host.version,
    checkpoints: beforeCheckpoints.length,
    end,
    middle,
    running: () => ({
      version: host.version,
      machineHash: channelDecider.machineHash,
      state: channelDecider.snapshot(host.state),
    }),
    [Symbol.asyncDispose]: () => host.close(),
  }
}

const nearest = (places: ReadonlyArray<HistoryPlace>, facts: number): HistoryPlace | undefined =>
  places.toSorted((one, other) => Math.abs(one.facts - facts) - Math.abs(other.facts - facts))[0]

/** Opens a channel that is full from then on, with somebody waiting. */
const openBusyChannel = async (log: EventLog) => {
  const told: { facts: number; held: Array<Held> } = { facts: 0, held: [] }
  const onFacts = (facts: ReadonlyArray<Fact>): void => {
    told.facts += facts.length
    for (const fact of facts)
      if (fact.type === "channel.acquired") told.held.push({ lease: fact.lease, account: fact.account })
  }
  const options = { log, clock: systemClock, node: "bench", events: { onFacts } }
  const host = await HostedSubject.open(channelSubject(id), channelDecider, options)
  host.execute(configure(id, shape))
  let requests = 0
  const arrive = (): void => {
    const wanted = applicant(++requests, shape, systemClock.now())
    const acquire = { type: "acquire", ...wanted, since: wanted.arrivedAt, tried: new Set<string>() } as const
    if (host.execute(acquire).kind !== "facts") host.execute({ type: "enqueue", ...wanted, deadlineAt: null })
  }
  let ended = 0
  /** One attempt ends, a waiter gets its slot, and another request takes the place in the queue. */
  const cycle = (): void => {
    const oldest = told.held[ended++]
    if (oldest === undefined) throw new Error("no attempt is in flight")
    host.execute(meter(oldest))
    host.execute(release(oldest, systemClock.now()))
    arrive()
  }
  for (let request = 0; request < shape.slots + waiters; request++) arrive()
  await host.settled
  return { host, told, cycle }
}
