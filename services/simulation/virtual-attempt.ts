import type { Clock } from "@sluice/infra/clock/clock.ts"
import type { Lease } from "@sluice/ingress/admission/lease.ts"
import type { Cause } from "@sluice/ingress/exchange/failure.ts"
import type { AnswerHeaders } from "@sluice/ingress/providers/classification/answered.ts"
import type { Work } from "./demand.ts"
import type { Call, Rejected, Upstream } from "./provider/upstream.ts"

/** What an attempt moves through. */
export interface Way {
  readonly clock: Clock
  /** Draws how long a message is under way between the proxy and the provider of an account. */
  readonly networkMs: (account: string) => number
  upstreamOf(account: string): Upstream
}

/** Who an attempt serves; it hears of one end. */
export interface AttemptOwner {
  onAnswered(attempt: VirtualAttempt): void
  onRejected(attempt: VirtualAttempt, answer: Rejected): void
  onBroken(attempt: VirtualAttempt, cause: Cause): void
}

/** One try at one account over virtual messages: what was sent first arrives first, each way. */
export class VirtualAttempt implements Call {
  readonly lease: Lease
  readonly model: string
  readonly work: Work
  readonly #way: Way
  readonly #owner: AttemptOwner
  readonly #sentAt: number
  #arrivesAt: number
  #heardAt: number
  #isOver = false
  /** 0 where no status line came. */
  status = 0
  headers: AnswerHeaders = {}
  firstByteAt: number | null = null

  constructor(
    way: Way,
    owner: AttemptOwner,
    { lease, work }: { readonly lease: Lease; readonly work: Work },
  ) {
    this.lease = lease
    this.model = lease.upstreamModel
    this.work = work
    this.#way = way
    this.#owner = owner
    this.#sentAt = way.clock.now()
    this.#heardAt = this.#sentAt
    this.#arrivesAt = this.#sentAt + way.networkMs(lease.account.id)
    way.clock.at(this.#arrivesAt, () => this.#upstream.arrive(this))
  }

  /** How long after its sending the answer began. */
  get ttftMs(): number | null {
    return this.firstByteAt === null ? null : this.firstByteAt - this.#sentAt
  }

  get #upstream(): Upstream {
    return this.#way.upstreamOf(this.lease.account.id)
  }

  /** Ends it from this side: nothing more is heard of it, and the upstream learns of it a message later. */
  cut(): void {
    this.#isOver = true
    const { clock, networkMs } = this.#way
    this.#arrivesAt = Math.max(this.#arrivesAt, clock.now() + networkMs(this.lease.account.id))
    clock.at(this.#arrivesAt, () => this.#upstream.leave(this))
  }

  onHeaders(headers: AnswerHeaders): void {
    this.#later(() => {
      this.status = 200
      this.headers = headers
      this.firstByteAt = this.#way.clock.now()
      this.lease.accepted(this.firstByteAt - this.#sentAt)
    })
  }

  onEnd(): void {
    this.#atEnd(() => this.#owner.onAnswered(this))
  }

  onRejected(answer: Rejected): void {
    this.#atEnd(() => {
      this.status = answer.status
      this.headers = answer.headers
      this.#owner.onRejected(this, answer)
    })
  }

  onBroken(cause: Cause = "connection"): void {
    this.#atEnd(() => this.#owner.onBroken(this, cause))
  }

  #atEnd(run: () => void): void {
    this.#later(() => {
      this.#isOver = true
      run()
    })
  }

  #later(run: () => void): void {
    const { clock, networkMs } = this.#way
    this.#heardAt = Math.max(this.#heardAt, clock.now() + networkMs(this.lease.account.id))
    clock.at(this.#heardAt, () => {
      if (!this.#isOver) run()
    })
  }
}
