import type { Contestant } from "../contestants/contestant.ts"
import type { Bar } from "../figures.ts"
import type { Machine } from "../machine.ts"
import type { ClientName } from "./arrivals.ts"

/** How much is sent, for how long. */
export interface FairnessPlan {
  /** How many the upstream serves at once; it refuses one more. */
  readonly slots: number
  /** How long it takes for each request, where nothing else is said. */
  readonly serviceMs: number
  /** How many may wait for a slot, but in the storm, where all may. */
  readonly queueSize: number
  /** How long the upstream still counts a request whose connection was closed. */
  readonly abortHoldMs: number
  readonly sharing: {
    /** What comes before the time that is measured. */
    readonly warmUp: { readonly seconds: number; readonly perSecond: number }
    readonly seconds: number
    readonly perSecond: Readonly<Record<ClientName, number>>
  }
  readonly handOff: { readonly seconds: number; readonly perSecond: number; readonly rounds: number }
  readonly leaving: { readonly holdMs: number; readonly leavers: number; readonly leaveAfterMs: number }
  /** Units: `part`, of those that leave, is 0…1. */
  readonly storm: {
    readonly requests: number
    readonly connections: number
    readonly part: number
    readonly withinMs: number
  }
}

/** What one client got beside the other. Units: `p50Ms` and `p95Ms` are the latencies of what was served. */
export interface Share {
  readonly contestant: Contestant["name"]
  readonly client: ClientName
  readonly sent: number
  /** Answered with 200. */
  readonly served: number
  readonly p50Ms: number
  readonly p95Ms: number
  /** How often it was answered with each status. */
  readonly statuses: Readonly<Record<string, number>>
}

/** How long requests waited for their slots near the capacity. */
export interface Waits {
  readonly sent: number
  readonly served: number
  readonly waitP50Ms: number
  readonly waitP95Ms: number
  readonly waitP99Ms: number
}

/** The medians of one contestant's rounds; the ideal is what the arrivals alone make of it. */
export interface HandOff extends Waits {
  readonly contestant: Contestant["name"] | "ideal"
}

/** What became of requests whose clients left while they waited. */
export interface Leaving {
  readonly contestant: Contestant["name"]
  readonly left: number
  readonly reachedUpstream: number
}

/** What a storm of requests, many of them given up, did to the limit. */
export interface Storm {
  readonly sent: number
  readonly left: number
  readonly served: number
  /** The most that the upstream had at once, those above its limit too. */
  readonly peakOffered: number
  /** How often the upstream refused one above its limit. */
  readonly aboveLimit: number
  /** Of as many requests at once as there are slots, how many had none to wait for afterwards. */
  readonly atOnce: number
  /** By the log: leases that did not end exactly once. */
  readonly unpairedLeases: number
}

/** What one run found out about fairness and order. */
export interface FairnessReport {
  readonly machine: Machine
  readonly plan: FairnessPlan
  readonly sharing: ReadonlyArray<Share>
  readonly handOff: ReadonlyArray<HandOff>
  readonly leaving: ReadonlyArray<Leaving>
  readonly storm: Storm
  /** Without HAProxy the bar that compares with it is not there. */
  readonly bars: ReadonlyArray<Bar>
}
