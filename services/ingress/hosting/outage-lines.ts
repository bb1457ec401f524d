import type { HostEvents } from "@sluice/infra/actor-host/host-options.ts"
import type { Cancel, Clock } from "@sluice/infra/clock/clock.ts"
import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import type { IngressLog } from "../ingress-options.ts"

/** An outage is over when nothing has waited for the log for so long: a log that comes and goes has one. */
const calmMs = 1_000

/** What happened since the log stopped answering. */
interface Outage {
  readonly beganAt: number
  readonly subjects: Set<string>
  /** How often each line was not written. */
  readonly unwritten: Map<string, number>
}

type Waiting = Parameters<NonNullable<HostEvents["onWaiting"]>>[1]

/**
 * Writes one line when the log stops answering and one when it answers again, whatever number of subjects and requests meet it meanwhile: what each of them would say is counted.
 *
 * Source: L9.
 */
export class OutageLines implements IngressLog {
  readonly #log: IngressLog
  readonly #clock: Clock
  readonly #waiting = new Set<string>()
  #outage: Outage | undefined
  #ending: Cancel | undefined

  constructor(log: IngressLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** A subject waits for the log, or waits no more. */
  waits(subject: string, { isWaiting, reason }: Waiting): void {
    if (isWaiting) return this.#begin(subject, reason)
    this.#waiting.delete(subject)
    if (this.#waiting.size > 0 || this.#outage === undefined) return
    this.#ending ??= this.#clock.at(this.#clock.now() + calmMs, () => this.#end())
  }

  warn(fields: object, message: string): void {
    this.#log.warn(fields, message)
  }

  /** Writes a line, unless it says of one more request what the line of the outage has said. */
  error(fields: object, message: string): void {
    const unwritten = this.#outage?.unwritten
    if (unwritten === undefined || !("err" in fields) || !(fields.err instanceof LogUnavailable))
      return this.#log.error(fields, message)
    unwritten.set(message, (unwritten.get(message) ?? 0) + 1)
  }

  #begin(subject: string, reason: string): void {
    this.#waiting.add(subject)
    this.#ending?.()
    this.#ending = undefined
    if (this.#outage === undefined) {
      this.#outage = { beganAt: this.#clock.now(), subjects: new Set(), unwritten: new Map() }
      this.#log.error({ subject, reason }, "the event log does not answer: it is asked until it does")
    }
    this.#outage.subjects.add(subject)
  }

  #end(): void {
    this.#ending = undefined
    if (this.#outage === undefined) return
    const { beganAt, subjects, unwritten } = this.#outage
    this.#outage = undefined
    const told = {
      lastedMs: this.#clock.now() - calmMs - beganAt,
      subjects: subjects.size,
      ...(unwritten.size === 0 ? {} : { unwritten: Object.fromEntries(unwritten) }),
    }
    this.#log.warn(told, "the event log answers again")
  }
}
