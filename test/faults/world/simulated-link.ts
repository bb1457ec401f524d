import type { Clock } from "@sluice/infra/clock/clock.ts"
import { LogUnavailable } from "@sluice/infra/event-log/event-log.ts"
import type { PublishAnswer, PublishingConnection } from "@sluice/infra/event-log/jetstream/append.ts"
import type { ProcessClock } from "../process/process-clock.ts"
import type { Sabotage } from "../sabotage.ts"
import { drawFate, type NetworkFaults } from "./network-faults.ts"
import type { Acknowledgement, Publish, SimulatedJetStream } from "./simulated-jetstream.ts"

/** What a link joins. */
export interface LinkOptions {
  readonly server: SimulatedJetStream
  readonly world: Clock
  readonly process: ProcessClock
  readonly random: () => number
  /** As they are now. */
  readonly faults: () => NetworkFaults
  readonly sabotage: Pick<Sabotage, "publish">
  /** Told of what the server stores when the process is dead already. */
  readonly onStoredAfterEnd?: (publish: Publish) => void
}

const reconnectMs = 100
const questionTimeoutMs = 2_000

/**
 * The connection of one process to the server: each way what was sent first arrives first, unless a fault holds it up; what is under way when it breaks may arrive at the server, and never comes back.
 */
export class SimulatedLink implements PublishingConnection {
  readonly #options: LinkOptions
  readonly #lost: Array<(reason: string) => void> = []
  readonly #failing = new Set<(error: LogUnavailable) => void>()
  #deliver: (error: Error | null, message: PublishAnswer) => void = () => undefined
  #connection = 1
  #isConnected: boolean
  #isClosed = false
  #sentAt = 0
  /** Who decides when the next publish arrives. */
  #held: ((arrive: () => void) => void) | undefined
  #answeredAt = 0

  constructor(options: LinkOptions) {
    this.#options = options
    options.process.onKill(() => (this.#connection += 1))
    this.#isConnected = options.server.isUp
    if (!this.#isConnected) this.#reconnect()
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  readonly nats: PublishingConnection["nats"] = {
    publish: (subject, body, { headers, reply }) => {
      const fence = headers.get("Nats-Expected-Last-Subject-Sequence")
      const expectedSequence = fence === "" ? undefined : Number(fence)
      this.#publish({ subject, id: headers.get("Nats-Msg-Id"), body, expectedSequence }, reply)
    },
    subscribe: (_subject, { callback }) => (this.#deliver = callback),
  }

  /** The facts of the simulation are small. */
  bodyBytesMax(): number {
    return Infinity
  }

  requireConnected(): void {
    if (!this.#isConnected) throw new LogUnavailable({ reason: "no connection" })
  }

  onLost(listener: (reason: string) => void): void {
    this.#lost.push(listener)
  }

  /** Asks the server something. Fails: rejects with `LogUnavailable`. */
  ask<Answer>(doing: string, answer: (server: SimulatedJetStream) => Answer): Promise<Awaited<Answer>> {
    return new Promise((resolve, reject) => {
      const { process, server } = this.#options
      const fail = (error: LogUnavailable): void => {
        this.#failing.delete(fail)
        cancel()
        reject(error)
      }
      const unanswered = () => fail(new LogUnavailable({ reason: `${doing}: timeout` }))
      const cancel = process.at(process.now() + questionTimeoutMs, unanswered)
      this.#failing.add(fail)
      if (!this.#isConnected) return fail(new LogUnavailable({ reason: `${doing}: no connection` }))
      this.#send(() => {
        if (!server.isAnswering) return
        void Promise.resolve(answer(server)).then(
          (answered) =>
            this.#answer(() => {
              this.#failing.delete(fail)
              cancel()
              resolve(answered)
            }),
          // What the server refuses is its answer.
          (error: unknown) =>
            this.#answer(() => {
              this.#failing.delete(fail)
              cancel()
              reject(error)
            }),
        )
      })
    })
  }

  /** Tells the process of something as soon as the network lets it. */
  tell(run: () => void): void {
    this.#answer(run)
  }

  /** Breaks the connection; it is made again as soon as there is a server. */
  break(): void {
    if (!this.#isConnected || this.#isClosed) return
    this.#lose("connection lost")
    this.#reconnect()
  }

  /** Hands over what is sent next, to let it arrive at any time. */
  holdNext(hold: (arrive: () => void) => void): void {
    this.#held = hold
  }

  close(): void {
    this.#isClosed = true
    this.#lose("connection closed")
  }

  #lose(reason: string): void {
    this.#isConnected = false
    this.#connection += 1
    for (const listener of this.#lost) listener(reason)
    const failing = [...this.#failing]
    for (const fail of failing) fail(new LogUnavailable({ reason }))
  }

  #reconnect(): void {
    const { process, server, random } = this.#options
    process.at(process.now() + reconnectMs * (1 + random()), () => {
      if (this.#isClosed) return
      if (server.isUp) this.#isConnected = true
      else this.#reconnect()
    })
  }

  #publish(publish: Parameters<SimulatedJetStream["publish"]>[0], reply: string): void {
    const { server, faults, random, sabotage } = this.#options
    const sent = sabotage.publish?.(publish) ?? publish
    const hold = this.#held
    if (hold !== undefined) {
      this.#held = undefined
      return hold(() => server.isAnswering && this.#store(sent))
    }
    const fate = drawFate(faults(), random)
    if (fate.isLost) return
    for (const delayMs of fate.delaysMs)
      this.#send(() => {
        if (!server.isAnswering) return
        const acknowledgement = this.#store(sent)
        if (!fate.isAcknowledged) return
        const data = Buffer.from(JSON.stringify(acknowledgement))
        const json = () => acknowledgement as never
        this.#answer(() => this.#deliver(null, { subject: reply, data, json }))
      }, delayMs)
  }

  #store(publish: Publish): Acknowledgement {
    const { server, process, onStoredAfterEnd } = this.#options
    const acknowledgement = server.publish(publish)
    if (!process.isAlive && "seq" in acknowledgement && acknowledgement.duplicate !== true)
      onStoredAfterEnd?.(publish)
    return acknowledgement
  }

  /** What is held up is overtaken by what is sent after it. */
  #send(arrive: () => void, lateMs = 0): void {
    const { world, random } = this.#options
    const arrivesAt = Math.max(this.#sentAt, world.now() + this.#latency())
    if (lateMs === 0) this.#sentAt = arrivesAt
    const connection = this.#connection
    world.at(arrivesAt + lateMs, () => {
      // What a broken connection had sent lies in the server's socket, or does not.
      if (connection === this.#connection || random() < 0.5) arrive()
    })
  }

  #answer(hear: () => void): void {
    const { process } = this.#options
    const connection = this.#connection
    this.#answeredAt = Math.max(this.#answeredAt, process.now() + this.#latency())
    process.at(this.#answeredAt, () => {
      if (connection === this.#connection) hear()
    })
  }

  #latency(): number {
    const { random, faults } = this.#options
    return Math.ceil(random() * faults().latencyMs)
  }
}
