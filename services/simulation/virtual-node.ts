import { channelCommands, type Wanted } from "@sluice/actors/configuration/configuration.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import type { RequestCompleted } from "@sluice/events/ingress.ts"
import { type Clock, fromWall } from "@sluice/infra/clock/clock.ts"
import { ActorAdmission } from "@sluice/ingress/admission/admission.ts"
import type { LeaseSupport } from "@sluice/ingress/admission/granted-lease.ts"
import { hosted, type HostedChannel } from "@sluice/ingress/admission/hosted-channel.ts"
import { createRoutes, type Routes } from "@sluice/ingress/admission/routes.ts"
import { VirtualSubject } from "./virtual-subject.ts"

/** How a request ended, as the log would hold it. */
export type CompletedRequest = Omit<RequestCompleted, "actor" | "type" | "at">

/** What a process in virtual time is made of. */
export interface VirtualNodeOptions {
  readonly clock: Clock
  readonly wanted: ConfigurationFile
  /** Draws in 0…1. */
  readonly random: () => number
  readonly costOf?: LeaseSupport["costOf"]
  /** Follows what happens on the channels; nothing is kept of it. */
  readonly onFacts?: (channel: string, facts: ReadonlyArray<Fact>) => void
  readonly onCompleted?: (request: CompletedRequest) => void
}

const free: LeaseSupport["costOf"] = () => ({ standardCostNanoUsd: 0, priced: true, prices: "none" })

/**
 * All that one process hosts, in virtual time: its channels with their accounts, its routes, and the admission that the proxy has.
 *
 * Source: F8.
 */
export class VirtualNode {
  readonly channels = new Map<string, HostedChannel<VirtualSubject>>()
  readonly admission: ActorAdmission
  #options: VirtualNodeOptions
  #routes: Routes

  constructor(options: VirtualNodeOptions) {
    this.#options = options
    this.#routes = createRoutes(options.wanted)
    this.admission = new ActorAdmission({
      overlapped: true,
      now: () => options.clock.now(),
      fromWall: (wallMs) => fromWall(options.clock, wallMs),
      jitter: () => options.random() * 2 - 1,
      credentialOf: () => "",
      costOf: options.costOf ?? free,
      onTrouble: (message, detail) => {
        throw new Error(message, { cause: detail["err"] })
      },
      at: (timeMs, run) => options.clock.at(timeMs, run),
      poolOf: (id) => this.#routes.pool(id),
      channelOf: (id) => this.channels.get(id),
      channels: () => this.channels.values(),
      weightOf: (client) => this.#routes.weightOf(client),
      complete: (request) => {
        options.onCompleted?.(request)
        return Promise.resolve()
      },
      mayGrant: undefined,
      takesNew: () => true,
      untilStored: (stored) => stored,
    })
    this.apply({ wanted: options.wanted, by: "file" })
  }

  /** Who may call what, and where that goes. */
  get routes(): Routes {
    return this.#routes
  }

  /** Makes channels, accounts and pools what is wanted. Source: A10. */
  apply(wanted: Wanted): void {
    this.#routes = createRoutes(wanted.wanted)
    for (const [id, command] of channelCommands(this.channels.keys(), wanted))
      (this.channels.get(id) ?? this.#open(id)).subject.execute(command)
  }

  #open(id: string): HostedChannel<VirtualSubject> {
    const channel: HostedChannel<VirtualSubject> = hosted(
      id,
      new VirtualSubject(this.#options.clock, (facts, committed) => {
        this.admission.onFacts(channel, facts, committed)
        this.#options.onFacts?.(id, facts)
      }),
    )
    this.channels.set(id, channel)
    return channel
  }
}
