import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { WriteWatch } from "@sluice/infra/event-log/failing-writes.ts"
import type { ReadMessage } from "@sluice/infra/event-log/still-holds.ts"
import type { Logger } from "@sluice/infra/logging/logging.ts"
import type { GuardedLog } from "./hosting/guarded-log.ts"
import type { OutageLines } from "./hosting/outage-lines.ts"
import type { InForce } from "./in-force.ts"

/** How an ingress is started. */
export interface IngressStart {
  readonly configFile: string
  readonly dataDir: string
  readonly natsUrl: string
  /** True if the NATS server is this installation's own, so that nobody else can own its channels. Source: L7. */
  readonly isEmbedded: boolean
  readonly host: string
  readonly port: number
  /** The socket that is listened on in place of one of its own, by its file descriptor. */
  readonly listenFd: number | undefined
  /** The process's name in the log. */
  readonly node: string
  readonly logger: Logger
  /** Hears what of the writes to the log is taken. */
  readonly writes: WriteWatch
  /** Tells how much of the disk is free, where the file system is not to be asked. Units: bytes. */
  readonly freeBytes?: () => Promise<number>
}

/** What a running ingress is made of; the configuration is replaced as a whole. */
export interface IngressParts extends IngressStart {
  readonly clock: Clock
  readonly eventLog: GuardedLog
  /** Where an outage of the log is told once, whoever meets it. */
  readonly lines: OutageLines
  /** Session ids are made under it. Source: B5. */
  readonly sessionSecret: Buffer
  /** What the tables have seen last of each subject. */
  readonly projected: ReadonlyMap<string, ReadMessage>
  readonly current: InForce
}
