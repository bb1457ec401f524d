import type { AccountConfiguration } from "@sluice/events/configuration/account.ts"
import type { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import type { Classification } from "@sluice/events/field.ts"
import fc from "fast-check"

/** A request comes: it asks for a slot, and if it gets none, for a place in the queue. */
export interface Arrive {
  readonly step: "arrive"
  readonly client: "alice" | "bob" | "carol" | "dave"
  readonly model: "m" | "n"
  /** Which of its client's sessions it belongs to, if to any. */
  readonly session: number | null
  /** True if it goes elsewhere than its session is bound to. Source: B7. */
  readonly isSpilled: boolean
  readonly tokens: number
  readonly costUsd: number | null
  /** For how long it has been on its way already. */
  readonly ageMs: number
  readonly deadlineMs: number | null
  readonly isQueueing: boolean
  /** True if it has nowhere else to go, and so tests accounts that fail. Source: C7. */
  readonly mayProbe: boolean
}

/** How an attempt ends. */
export type Ending =
  | { readonly outcome: "ok" | "client_closed" | "timeout" | "aborted"; readonly isDispatched: boolean }
  | { readonly outcome: "upstream_error"; readonly status: number; readonly isModelUnknown: boolean }
  | { readonly outcome: "refused"; readonly fingerprint: string; readonly isOfCredential: boolean }
  | {
      readonly outcome: "rate_limited"
      readonly classification: Exclude<Classification, "failing">
      readonly retryAfterMs: number | null
      readonly resetMs: number | null
      readonly isOfModel: boolean
      readonly statedLimit: number | null
      /** True if the request goes back to its place. Source: B9. */
      readonly isReturning: boolean
    }

/** Changes of what is configured; what is left out stays. Each account is one of three, and may be left out. */
export interface Change {
  readonly channel?: Partial<ChannelConfiguration>
  readonly account?: number
  readonly config?: Partial<AccountConfiguration>
  readonly isDeclared?: boolean
  readonly credential?: string
  readonly isRemoved?: boolean
}

/** One step of a history. Whom it is about is a number that is taken round those who are there. */
export type Step =
  | Arrive
  | { readonly step: "accept"; readonly which: number }
  | { readonly step: "use"; readonly which: number; readonly tokens: number; readonly costUsd: number }
  | {
      readonly step: "end"
      readonly which: number
      readonly how: Ending
      readonly windowMs: number | null
      readonly jitter: number
    }
  /** All that is in flight fails. */
  | { readonly step: "outage" }
  | { readonly step: "leave"; readonly which: number; readonly reason: "client_left" | "served_elsewhere" }
  | ({ readonly step: "configure" } & Change)
  | { readonly step: "reset"; readonly account: number | null; readonly windowUsd: number | null }
  | { readonly step: "unbind"; readonly which: number }
  | { readonly step: "recover" }
  | { readonly step: "pass"; readonly spanMs: number; readonly isLate: boolean }

const which = fc.nat({ max: 30 })
const tokens = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 400 }) },
)
const costUsd = fc.constantFrom(0.5, 1, 3)

const arrivals = fc.record<Arrive>({
  step: fc.constant("arrive"),
  client: fc.constantFrom("alice", "bob", "carol", "dave"),
  model: fc.constantFrom("m", "m", "n"),
  session: fc.option(fc.nat({ max: 2 }), { freq: 2 }),
  isSpilled: fc.nat({ max: 5 }).map((n) => n === 0),
  tokens,
  costUsd: fc.option(costUsd),
  ageMs: fc.constantFrom(0, 0, 0, 0, 700, 4_000),
  deadlineMs: fc.option(fc.integer({ min: 1, max: 40_000 }), { freq: 3 }),
  isQueueing: fc.nat({ max: 9 }).map((n) => n > 0),
  mayProbe: fc.boolean(),
})

const retryAfterMs = fc.option(fc.constantFrom(0, 300, 2_000, 20_000))
const rejections = fc.record({
  outcome: fc.constant("rate_limited" as const),
  classification: fc.constantFrom(
    "concurrency",
    "concurrency",
    "requests",
    "tokens",
    "window",
    "model",
    "slope",
    "overloaded",
    "unknown",
  ),
  retryAfterMs,
  resetMs: fc.option(fc.constantFrom(-5_000, 1_500, 60_000)),
  isOfModel: fc.nat({ max: 3 }).map((n) => n === 0),
  statedLimit: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 3 }),
  isReturning: fc.boolean(),
})

const endings = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ outcome: fc.constant("ok" as const), isDispatched: fc.constant(true) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      outcome: fc.constantFrom("client_closed", "timeout", "aborted"),
      isDispatched: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      outcome: fc.constant("upstream_error" as const),
      status: fc.constantFrom(0, 400, 500, 503, 529),
      isModelUnknown: fc.nat({ max: 5 }).map((n) => n === 0),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      outcome: fc.constant("refused" as const),
      fingerprint: fc.constantFrom("one", "two", "three", "four"),
      isOfCredential: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
  },
  { weight: 3, arbitrary: rejections },
)

const ends = fc.record({
  step: fc.constant("end" as const),
  which,
  how: endings,
  windowMs: fc.option(fc.integer({ min: 60_000, max: 17_000_000 }), { freq: 8 }),
  jitter: fc.constantFrom(-1, 0, 0.5, 1),
})

/** A limit of so many at most, or none. */
const limitTo = (max: number) => fc.option(fc.integer({ min: 1, max }), { freq: 3 })

/** Returns one field of some, changed. */
const oneOf = <T extends object>(fields: { readonly [K in keyof T]?: fc.Arbitrary<T[K]> }) =>
  fc.oneof(
    ...Object.entries<fc.Arbitrary<unknown>>(fields as Record<string, fc.Arbitrary<unknown>>).map(
      ([name, arbitrary]) => arbitrary.map((value) => ({ [name]: value }) as Partial<T>),
    ),
  )

const ofChannel = oneOf<ChannelConfiguration>({
  maxConcurrent: limitTo(6),
  queueSize: fc.constantFrom(0, 3, 8, 30),
  queueTimeoutMs: fc.constantFrom(null, 1_000, 30_000),
  queueOrder: fc.constantFrom("fair" as const, "fifo" as const, null),
  mode: fc.constantFrom("hard" as const, "hard" as const, "soft" as const),
  rpm: fc.option(fc.integer({ min: 30, max: 300 })),
  tpm: fc.option(fc.integer({ min: 300, max: 6_000 })),
  burstSeconds: fc.constantFrom(1, 10),
  enabled: fc.constantFrom(true, true, false),
  abortLingerMs: fc.constantFrom(0, 100),
  note: fc.constantFrom("", "another"),
})

const reserved = fc.constantFrom<AccountConfiguration["reservedConcurrency"]>(0, 0, 1, 2, 5, "auto")

const ofAccount = oneOf<AccountConfiguration>({
  concurrency: limitTo(5),
  reservedConcurrency: reserved,
  rpm: fc.option(fc.integer({ min: 30, max: 300 })),
  tpm: fc.option(fc.integer({ min: 300, max: 6_000 })),
  maxSessions: fc.option(fc.integer({ min: 1, max: 3 })),
  sessionIdleTimeoutMs: fc.constantFrom(2_000, 300_000),
  windowCost: fc.constantFrom({ limitUsd: 0, stickyReserveUsd: 10 }, { limitUsd: 4, stickyReserveUsd: 2 }),
  priority: fc.constantFrom(10, 50),
  enabled: fc.constantFrom(true, true, false),
  note: fc.constantFrom("", "another"),
})

const account = fc.nat({ max: 2 })
const changes = fc.oneof(
  { weight: 5, arbitrary: ofChannel.map((channel): Change => ({ channel })) },
  {
    weight: 8,
    arbitrary: fc.tuple(account, ofAccount).map(([one, config]): Change => ({ account: one, config })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(account, fc.boolean())
      .map(([one, isDeclared]): Change => ({ account: one, isDeclared })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(account, fc.constantFrom("first", "second"))
      .map(([one, credential]): Change => ({ account: one, credential })),
  },
  { weight: 1, arbitrary: fc.boolean().map((isRemoved): Change => ({ isRemoved })) },
)

const passing = fc.record({
  step: fc.constant("pass" as const),
  spanMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 3_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 3_000, max: 90_000 }) },
    { weight: 1, arbitrary: fc.constantFrom(600_000, 3_600_000) },
  ),
  isLate: fc.nat({ max: 3 }).map((n) => n === 0),
})

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: arrivals },
  { weight: 22, arbitrary: ends },
  { weight: 5, arbitrary: fc.record({ step: fc.constant("accept" as const), which }) },
  {
    weight: 8,
    arbitrary: fc.record({ step: fc.constant("use" as const), which, tokens, costUsd }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant("leave" as const),
      which,
      reason: fc.constantFrom("client_left" as const, "served_elsewhere" as const),
    }),
  },
  { weight: 10, arbitrary: changes.map((change) => ({ step: "configure" as const, ...change })) },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant("reset" as const),
      account: fc.option(account),
      windowUsd: fc.option(fc.constantFrom(0, 3, 5)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ step: fc.constant("unbind" as const), which }) },
  { weight: 14, arbitrary: passing },
  { weight: 1, arbitrary: fc.constant({ step: "recover" as const }) },
  { weight: 4, arbitrary: fc.constant({ step: "outage" as const }) },
)

/** Histories of 200 steps on average. */
export const histories: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(steps, {
  minLength: 1,
  maxLength: 400,
  size: "max",
})
