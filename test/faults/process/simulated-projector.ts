import type { Claims } from "@sluice/infra/clickhouse/claims.ts"
import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import { type Projection, startProjection } from "@sluice/projector/projection.ts"
import type { Sabotage } from "../sabotage.ts"
import type { SimulatedJetStream } from "../world/simulated-jetstream.ts"
import { type LinkOptions, SimulatedLink } from "../world/simulated-link.ts"
import type { SimulatedTables } from "../world/simulated-tables.ts"
import { ProcessClock } from "./process-clock.ts"
import { openSimulatedLog } from "./simulated-log.ts"

/** What a projector runs in. */
export interface ProjectorOptions {
  readonly world: Clock
  readonly server: SimulatedJetStream
  readonly tables: SimulatedTables
  readonly network: LinkOptions["faults"]
  readonly random: () => number
  readonly sabotage: Sabotage
  readonly logger: Logger
}

/** Small blocks, so that a run has many. */
const limit = { facts: 60, bytes: 1_000_000 }

/** One run of the projector: the real projection over simulated tables, claims and log. Source: P1, P2. */
export class SimulatedProjector {
  readonly clock: ProcessClock
  readonly link: SimulatedLink
  readonly #projection: Projection

  constructor({ world, server, tables, network, random, sabotage, logger }: ProjectorOptions) {
    this.clock = new ProcessClock(world)
    this.link = new SimulatedLink({ server, world, process: this.clock, random, faults: network, sabotage })
    const claims = claimsOver(this.link)
    this.#projection = startProjection({
      log: openSimulatedLog({ link: this.link, clock: this.clock }),
      claims: sabotage.claims?.(claims, tables) ?? claims,
      clickHouse: tables.seenBy(this.clock),
      logger,
      limit,
      clock: this.clock,
    })
  }

  /** True if everything up to a sequence is in the tables. */
  hasReached(sequence: number): boolean {
    return this.#projection.meter.lag(sequence, this.clock.now()).projected >= sequence
  }
}

/** The claims as they are kept in the server, over the network. */
const claimsOver = (link: SimulatedLink): Claims => ({
  read: () => link.ask("reading the claims", ({ claims }) => claims.read()),
  write: (progress, revision) =>
    link.ask("claiming a block", ({ claims }) => claims.write(progress, revision)),
  remember: (claim) => link.ask("remembering a block", ({ claims }) => claims.remember(claim)),
  remembered: () => link.ask("reading the blocks", ({ claims }) => claims.remembered()),
  close: async () => undefined,
})
