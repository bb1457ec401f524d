import { channelOf } from "@sluice/actors/group/group.ts"
import { ingressSnapshot } from "@sluice/actors/ingress/machine.ts"
import { tokensOf } from "@sluice/events/field.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { LeaseSupport } from "../admission/granted-lease.ts"
import type { HostedChannel, LoggedChannel } from "../admission/hosted-channel.ts"
import type { ActorNode, RetainedSubject } from "./actor-node.ts"
import { findLostRequests, type LostRequest, lostRequestFields } from "./lost-requests.ts"

/** What a process found and ended of the one before it. */
export interface Recovered {
  readonly wasClean: boolean
  readonly leases: number
  readonly waiters: number
  readonly requests: number
}

/** What a process starts with. */
export interface RecoveryOptions {
  readonly log: EventLog
  readonly nodeId: string
  /** The name of this run of the process. */
  readonly incarnation: string
  readonly clock: Pick<Clock, "now" | "wallAhead">
  readonly costOf: LeaseSupport["costOf"]
  /** A commit of the dead process was stored after its subject was loaded. */
  readonly onLate: (subject: string) => void
}

/**
 * Starts a node in the log, and ends by facts what a dead process left behind: leases, waiters and requests.
 *
 * What the dead process has sent may still be on its way. So each of its subjects gets a commit first that the log refuses all of that after; where something of it came before, that subject is looked
 * at anew. After a stop in the log there is nothing on its way, and nothing to store.
 * Fails: rejects with `CommitRefused` where the log has lost the end of a subject.
 * Source: L5, L7, L12.
 */
export const recover = async (node: ActorNode, options: RecoveryOptions): Promise<Recovered> => {
  // Without its own subject a node can record nothing, so it grants nothing.
  if (!node.ingress.isLive) return { wasClean: false, leases: 0, waiters: 0, requests: 0 }
  const channels = [...node.channels.values()].filter(({ subject }) => subject.isLive)
  // The start comes first: all that this process sends stands behind it, and it is the fence of the node's own subject.
  const wasClean = await start(node, options)
  const left = channels.map((channel) => endLeft(channel, { ...options, wasClean }))
  const [found] = await Promise.all([
    Promise.all(left),
    wasClean || !node.configuration.isLive ? undefined : fenceConfiguration(node, options),
  ])
  const held = found.flat()
  const lost =
    wasClean && held.length === 0
      ? []
      : await findLostRequests(options.log, { node: options.nodeId, held, clock: options.clock })
  await completeLost(node, lost, options)
  node.started()
  const leases = held.filter(({ account }) => account !== "").length
  return { wasClean, leases, waiters: held.length - leases, requests: lost.length }
}

/**
 * Opens a subject of the node that stands still again, from what the log holds, and ends what a dead process left behind in it; what attempts of this process hold stays held.
 *
 * Fails: rejects with `UnreadableHistory`, `WrongSequence` and `LogUnavailable`; it stands still then as before.
 * Source: L11, L12.
 */
export const reopen = async (node: ActorNode, subject: string, options: RecoveryOptions): Promise<void> => {
  await node.subjects.find((one) => one.subject === subject)?.reopen()
  if (subject === node.ingress.subject) await recover(node, options)
  const channel = [...node.channels.values()].find((one) => one.subject.subject === subject)
  if (channel === undefined || !node.ingress.isLive) return
  const held = await endLeft(channel, { ...options, wasClean: false })
  const requests = new Set(held.map(({ request }) => request))
  const lost = await findLostRequests(options.log, { node: options.nodeId, held, clock: options.clock })
  await completeLost(
    node,
    lost.filter(({ request }) => requests.has(request)),
    options,
  )
}

const completeLost = async (
  node: ActorNode,
  lost: ReadonlyArray<LostRequest>,
  { nodeId, clock }: Pick<RecoveryOptions, "nodeId" | "clock">,
): Promise<void> => {
  for (const request of lost) {
    const protocol = protocolOf(node.channels.get(request.channel))
    const fields = lostRequestFields(request, { protocol, now: clock.now() })
    node.ingress.execute({ type: "complete", node: nodeId, request: fields })
  }
  await node.ingress.settled
}

/** Starts the node; tells whether the one before it ended cleanly, as the log has it once nothing can come before this start any more. */
const start = async ({ ingress }: ActorNode, options: RecoveryOptions): Promise<boolean> => {
  for (;;) {
    const wasClean = ingressSnapshot(ingress.state).context.incarnation === null
    ingress.execute({ type: "start", node: options.nodeId, incarnation: options.incarnation })
    if (await isFenced(ingress, options)) return wasClean
  }
}

const fenceConfiguration = async ({ configuration }: ActorNode, options: RecoveryOptions): Promise<void> => {
  while (!(await isFenced(configuration, options)));
}

/** Ends what a channel holds; gives what that was. */
const endLeft = async (
  channel: LoggedChannel,
  options: RecoveryOptions & { readonly wasClean: boolean },
): Promise<ReadonlyArray<LostRequest>> => {
  const { subject } = channel
  for (;;) {
    const held = heldBy(channel)
    subject.execute({
      type: "recover",
      held: channel.held,
      costOf: (model, estimate) => options.costOf(model, tokensOf(estimate)),
    })
    if (options.wasClean && subject.isSettled) return held
    if (await isFenced(subject, options)) return held
  }
}

const isFenced = async (subject: RetainedSubject, { onLate }: RecoveryOptions): Promise<boolean> => {
  const isHeld = await subject.fence()
  if (!isHeld) onLate(subject.subject)
  return isHeld
}

const heldBy = ({ id, subject, held }: HostedChannel): ReadonlyArray<LostRequest> => {
  const { leases, lanes } = channelOf(subject.state)
  const left = [...leases].filter(({ lease }) => held.get(lease) === undefined)
  return [
    ...left.map(({ request, client, model, account, acquiredAt }) => ({
      request,
      client,
      model,
      channel: id,
      account,
      arrivedAt: subject.time.toProcess(acquiredAt),
    })),
    ...lanes.all.map(({ request, client, model, arrivedAt }) => ({
      request,
      client,
      model,
      channel: id,
      account: "",
      arrivedAt: subject.time.toProcess(arrivedAt),
    })),
  ]
}

const protocolOf = (channel: HostedChannel | undefined) =>
  (channel && channelOf(channel.subject.state).config?.protocol) ?? "openai"
