import { awaitsAcceptance } from "@sluice/actors/decisions/ending.ts"
import { accountOf, channelOf, contextOf } from "@sluice/actors/group/group.ts"
import type { ChannelFact } from "@sluice/events/channel.ts"
import type { Tokens } from "@sluice/events/field.ts"
import { FactsRefused } from "@sluice/infra/actor-host/storable-facts.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import type { AttemptEnd, Lease, Metered } from "./lease.ts"

/** The one fact that says that a slot was granted. */
export type Granted = Extract<ChannelFact, { type: "channel.acquired" }>

/** What leases need from the process that grants them. */
export interface LeaseSupport {
  readonly overlapped: boolean
  /** The process's own time. */
  now(): number
  /** Returns the process's own time of one that an upstream names, as the machine's clock has it. */
  fromWall(wallMs: number): number
  /** Draws in −1…1. */
  jitter(): number
  credentialOf(account: string): string
  costOf(model: string, tokens: Tokens): { standardCostNanoUsd: number; priced: boolean; prices: string }
  /** Resolves with the log; rejects when it will not, or when nothing can be stored any more and a client must not wait for it. Source: L9. */
  untilStored(stored: Promise<void>): Promise<void>
  onTrouble(message: string, detail: Record<string, unknown>): void
}

/** What is left of an end that no fact can hold: the slot is given back all the same. Source: A9. */
const endWithoutWords: AttemptEnd = { outcome: "aborted", status: 0, ttftMs: null }

/** Makes the holder's end of a slot that was granted. Source: A9, D3, L7. */
export const grantedLease = (
  channel: HostedChannel,
  granted: Granted,
  committed: Promise<void>,
  support: LeaseSupport,
): Lease => {
  const group = channel.subject.state
  const { config } = channelOf(group)
  const { config: account } = contextOf(accountOf(group, granted.account))
  if (config === null || account === null)
    throw new Error(`${granted.lease} is granted on an unknown channel or account`)
  const submit = (command: Parameters<HostedChannel["subject"]["submit"]>[0]) =>
    channel.subject.submit(command)
  channel.held.put({ lease: granted.lease })
  return {
    lease: granted.lease,
    attempt: granted.attempt,
    channel: config,
    account,
    credential: support.credentialOf(granted.account),
    upstreamModel: channel.upstreamModel(granted.model) ?? granted.model,
    overlapped: support.overlapped,
    waitMs: granted.waitMs,
    committed: support.untilStored(committed),
    accepted: (ttfbMs: number) => {
      const { lease, account: id } = granted
      if (!awaitsAcceptance(channel.subject.state, { account: id, lease })) return
      submit({ type: "accept", lease, account: id, ttfbMs }).catch((error: unknown) =>
        support.onTrouble("an answer was not taken note of", { lease, err: error }),
      )
    },
    meter: (usage: Metered) =>
      support.untilStored(
        submit({
          type: "meter",
          lease: granted.lease,
          account: granted.account,
          ...usage,
          ...support.costOf(usage.model, usage.tokens),
        }),
      ),
    release: (end: AttemptEnd, dispatched: boolean) => {
      const endedAt = support.now()
      const { lease, account: id } = granted
      const releaseWith = (how: AttemptEnd): Promise<void> =>
        submit({
          type: "release",
          lease,
          account: id,
          ...ownTimes(how, support),
          endedAt,
          dispatched,
          jitter: support.jitter(),
        })
      const done = (): void => channel.held.end(lease)
      const fail = (error: unknown): void => {
        done()
        support.onTrouble("a lease was not released", { lease, err: error })
      }
      releaseWith(end).then(done, (error: unknown) => {
        if (!(error instanceof FactsRefused)) return fail(error)
        support.onTrouble("the end of an attempt cannot be stored as it was", { lease, err: error })
        return releaseWith(endWithoutWords).then(done, fail)
      })
    },
  }
}

/** What an upstream says of times is read against the machine's clock. Source: L2. */
const ownTimes = (end: AttemptEnd, { fromWall }: Pick<LeaseSupport, "fromWall">): AttemptEnd => {
  const { windowEndsAt, rejection } = end
  if (windowEndsAt === undefined && (rejection?.resetAt ?? null) === null) return end
  return {
    ...end,
    ...(windowEndsAt === undefined ? {} : { windowEndsAt: fromWall(windowEndsAt) }),
    ...(rejection === undefined || rejection.resetAt === null
      ? {}
      : { rejection: { ...rejection, resetAt: fromWall(rejection.resetAt) } }),
  }
}
