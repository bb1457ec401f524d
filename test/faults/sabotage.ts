import type { Claims } from "@sluice/infra/clickhouse/claims.ts"
import type { EventLog, StoredMessage } from "@sluice/infra/event-log/event-log.ts"
import type { Lease } from "@sluice/ingress/admission/lease.ts"
import type { Publish, SimulatedJetStream } from "./world/simulated-jetstream.ts"
import type { SimulatedTables } from "./world/simulated-tables.ts"

/** Bugs that are put into a simulated product from outside, to show that they would be found. */
export interface Sabotage {
  /** Changes what is published. */
  publish?(publish: Publish): Publish
  /** Answers for a subject's last message instead of the stream's leader. */
  last?(server: SimulatedJetStream, subject: string): StoredMessage | undefined
  /** Stands in front of the log that the actors use. */
  log?(log: EventLog): EventLog
  /** Stands in front of what a request holds. */
  lease?(lease: Lease): Lease
  /** Stands in front of the claims that the projector goes on from. */
  claims?(claims: Claims, tables: SimulatedTables): Claims
}
