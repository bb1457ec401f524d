import { channelOf } from "@sluice/actors/group.ts"
import { tokensOf } from "@sluice/events/field.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import type { ActorNode } from "./actor-node.ts"
import type { LeaseSupport } from "./granted-lease.ts"
import type { HostedChannel } from "./hosted-channel.ts"
import { findLostRequests, type LostRequest, lostRequestFields } from "./lost-requests.ts"

/** What a process found and ended of the one before it. */
export interface Recovered {
  readonly wasClean: boolean
  readonly leases: number
  readonly waiters: number
  readonly requests: number
}

/**
 * Ends by facts what a dead process left behind: leases, waiters and requests.
 *
 * Source: L7, L12.
 */
export const recover = async (
  node: ActorNode,
  options: { log: EventLog; nodeId: string; now: () => number; costOf: LeaseSupport["costOf"] },
): Promise<Recovered> => {
  const channels = [...node.channels.values()]
  const wasClean = node.ingress.state.getSnapshot().context.incarnation === null
  const held = channels.flatMap(heldBy)
  for (const { subject } of channels)
    subject.execute({
      type: "recover",
      costOf: (model, estimate) => options.costOf(model, tokensOf(estimate)),
    })
  const lost =
    wasClean && held.length === 0 ? [] : await findLostRequests(options.log, { node: options.nodeId, held })
  for (const request of lost) {
    const protocol = protocolOf(node.channels.get(request.channel))
    const fields = lostRequestFields(request, { protocol, now: options.now() })
    node.ingress.execute({ type: "complete", node: options.nodeId, request: fields })
  }
  await Promise.all([node.ingress.settled, ...channels.map(({ subject }) => subject.settled)])
  const leases = held.filter(({ account }) => account !== "").length
  return { wasClean, leases, waiters: held.length - leases, requests: lost.length }
}

const heldBy = ({ id, subject }: HostedChannel): ReadonlyArray<LostRequest> => {
  const { leases, lanes } = channelOf(subject.state)
  return [
    ...[...leases.values()].map(({ request, client, model, account, acquiredAt }) => ({
      request,
      client,
      model,
      channel: id,
      account,
      arrivedAt: acquiredAt,
    })),
    ...lanes.all.map(({ request, client, model, arrivedAt }) => ({
      request,
      client,
      model,
      channel: id,
      account: "",
      arrivedAt,
    })),
  ]
}

const protocolOf = (channel: HostedChannel | undefined) =>
  (channel && channelOf(channel.subject.state).config?.protocol) ?? "openai"
