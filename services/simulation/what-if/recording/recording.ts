import { type Commit, decodeCommit, type Fact } from "@sluice/events/commit.ts"
import { channelSubject, idOf } from "@sluice/events/identifier.ts"
import { inWallTime } from "@sluice/events/wall-time.ts"
import { ChannelUse, type Span, type UseFact, useFacts, type Use } from "../channel-use.ts"
import { AttemptLedger } from "./attempt-ledger.ts"
import { limitsBefore, withLimits } from "./limits-before.ts"
import type { RecordedAttempt, RecordedRequest } from "./recorded-attempt.ts"
import { type ConfigurationAt, RecordedConfiguration } from "./recorded-configuration.ts"

/** What an operator did to a channel, or to one of its accounts. */
export interface RecordedReset {
  readonly atMs: number
  readonly channel: string
  readonly account: string | undefined
}

/** What the log tells of a span of time, as far as it can be run again. */
export interface Recording {
  readonly span: Span
  /** In the order of their arrival. */
  readonly requests: ReadonlyArray<RecordedRequest>
  /** In the order in which they ended. */
  readonly attempts: ReadonlyArray<RecordedAttempt>
  /** The first is the one in force at the beginning. */
  readonly configurations: ReadonlyArray<ConfigurationAt>
  readonly resets: ReadonlyArray<RecordedReset>
  readonly uses: ReadonlyArray<Use>
}

/** Which requests are wanted: those that arrived from one instant to another. Units: since the epoch; `null` = no bound. */
export interface Wanted {
  readonly fromMs: number | null
  readonly toMs: number | null
}

const nothing = { abortLingerMs: 0, releaseLingerMs: 0 }
const subjectOfChannels = channelSubject("")

/** Commits of before the span matter only where one of these stands in them. */
const configuring =
  /"[a-z]+\.(?:configured|removed|checkpointed|limit_adjusted|learning_reset|mode_changed)"/u

/** Takes the commits of a log, in order, and keeps what a run in virtual time needs of them. Source: R4. */
export class Recorder {
  readonly #wanted: Wanted
  readonly #configuration = new RecordedConfiguration()
  readonly #ledger: AttemptLedger
  readonly #requests: Array<RecordedRequest> = []
  readonly #resets: Array<RecordedReset> = []
  /** What tells of the use of channels, to be summed up when the span is known. */
  readonly #ofUse = new Map<string, Array<UseFact>>()
  #lastMs = 0

  constructor(wanted: Wanted) {
    this.#wanted = wanted
    this.#ledger = new AttemptLedger((channel) => this.#configuration.channel(channel) ?? nothing)
  }

  /** Takes a commit as it is stored. Fails: throws where it cannot be read. */
  take(subject: string, body: string): void {
    const { fromMs } = this.#wanted
    if (fromMs !== null && !configuring.test(body) && atOf(body) < fromMs) return
    this.#take(inWallTime(decodeCommit(body)), subject)
  }

  #take({ facts, at }: Commit, subject: string): void {
    const channel = subject.startsWith(subjectOfChannels)
      ? subject.slice(subjectOfChannels.length)
      : undefined
    this.#configuration.take(facts, channel, at)
    if (channel !== undefined) this.#keepUse(channel, facts)
    if (at < (this.#wanted.fromMs ?? 0)) return
    if (channel !== undefined) {
      this.#ledger.take(channel, facts)
      this.#keepResets(channel, facts, at)
    }
    for (const fact of facts) if (fact.type === "request.completed") this.#keepRequest(fact)
  }

  #keepUse(channel: string, facts: ReadonlyArray<Fact>): void {
    const kept = this.#ofUse.get(channel) ?? []
    this.#ofUse.set(channel, kept)
    for (const fact of facts) if (tellsOfUse.has(fact.type)) kept.push(useFacts(fact))
  }

  #keepResets(channel: string, facts: ReadonlyArray<Fact>, atMs: number): void {
    for (const { type, actor } of facts) {
      if (type === "channel.reset") this.#resets.push({ atMs, channel, account: undefined })
      if (type === "account.reset" || type === "account.restored")
        this.#resets.push({ atMs, channel, account: idOf(actor) })
    }
  }

  #keepRequest(completed: RecordedRequest & { readonly at: number }): void {
    const { fromMs, toMs } = this.#wanted
    const { arrivedAt, at } = completed
    if (arrivedAt < (fromMs ?? 0) || arrivedAt > (toMs ?? Infinity)) return
    this.#lastMs = Math.max(this.#lastMs, at)
    this.#requests.push(slim(completed))
  }

  /** Returns what was recorded; `undefined` where no request was. */
  finish(): Recording | undefined {
    const requests = this.#requests.toSorted((one, other) => one.arrivedAt - other.arrivedAt)
    const [first] = requests
    if (first === undefined) return undefined
    const fromMs = this.#wanted.fromMs ?? first.arrivedAt
    const span = { fromMs, toMs: Math.max(this.#lastMs, fromMs + 1) }
    const { history } = this.#configuration
    const limits = limitsBefore([...this.#ofUse.values()].flat(), fromMs)
    const earlier = history.findLastIndex(({ atMs }) => atMs <= first.arrivedAt)
    return {
      span,
      requests,
      attempts: this.#ledger.ended.filter(({ startedAt }) => startedAt <= span.toMs),
      configurations: history
        .slice(Math.max(0, earlier))
        .filter(({ atMs }) => atMs <= span.toMs)
        .map((one, nth) => (nth === 0 ? { ...one, wanted: withLimits(one.wanted, limits) } : one)),
      resets: this.#resets.filter(({ atMs }) => atMs <= span.toMs),
      uses: this.#uses(span),
    }
  }

  #uses(span: Span): ReadonlyArray<Use> {
    return [...this.#ofUse].map(([channel, facts]) => {
      const use = new ChannelUse(channel, span)
      for (const fact of facts) use.take(fact)
      return use.use
    })
  }
}

const tellsOfUse: ReadonlySet<string> = new Set([
  "channel.acquired",
  "channel.released",
  "channel.expired",
  "channel.configured",
  "account.configured",
  "account.checkpointed",
  "account.removed",
  "account.limit_adjusted",
  "account.learning_reset",
  "account.mode_changed",
])

const slim = (of: RecordedRequest): RecordedRequest => ({
  request: of.request,
  client: of.client,
  protocol: of.protocol,
  model: of.model,
  pool: of.pool,
  ...(of.session === undefined ? {} : { session: of.session }),
  ...(of.sessionSource === undefined ? {} : { sessionSource: of.sessionSource }),
  arrivedAt: of.arrivedAt,
  deadlineMs: of.deadlineMs,
  estimate: of.estimate,
  attempts: of.attempts,
  status: of.status,
  code: of.code,
  waitMs: of.waitMs,
  totalMs: of.totalMs,
})

/** The time of a commit is told before its facts, so that this is found without reading them. */
const atOf = (body: string): number => {
  const [, at, wallAt = at] = /"at":(\d+)(?:,"wallAt":(\d+))?/u.exec(body) ?? []
  return Number(wallAt ?? Infinity)
}
