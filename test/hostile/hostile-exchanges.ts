import fc from "fast-check"
import {
  type AnswerTemplate,
  answerTemplates,
  type RequestTemplate,
  requestTemplates,
} from "./exchange-templates.ts"

/** What a client sends: the bytes of one request, and whether it leaves before the answer. */
export interface HostileRequest {
  readonly template: RequestTemplate
  readonly json: ReadonlyArray<JsonEdit>
  readonly bytes: ReadonlyArray<ByteEdit>
  readonly key: "right" | "wrong" | "none" | "x-api-key" | "x-goog-api-key" | "query"
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly path: string | undefined
  readonly leavesAfterMs: number | undefined
}

/** What an upstream answers: which bytes, in how many pieces, and where it breaks off. */
export interface HostileAnswer {
  readonly template: AnswerTemplate
  readonly status: number | undefined
  readonly json: ReadonlyArray<JsonEdit>
  readonly bytes: ReadonlyArray<ByteEdit>
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly framing: "length" | "chunked" | "close"
  /** Where its bytes are parted, each from 0 to 1. */
  readonly pieces: ReadonlyArray<number>
  /** After which share of its bytes the connection breaks, or says nothing more. */
  readonly breaksAt: number | undefined
  readonly breaksBy: "reset" | "silence"
}

/** One exchange: a request and what the upstream says to its attempts, one after the other. */
export interface HostileExchange {
  readonly request: HostileRequest
  readonly answers: ReadonlyArray<HostileAnswer>
}

/** Puts another value, as its JSON text, in the place of the nth member. */
interface JsonEdit {
  readonly at: number
  readonly text: string
}

/** Takes bytes away and puts others in, at a share of the whole. */
interface ByteEdit {
  readonly at: number
  readonly drop: number
  readonly insert: Uint8Array
}

const absurdTexts = [
  "9007199254740991",
  "9007199254740993",
  "1e308",
  "1e999",
  "-1",
  "-0",
  "0.5",
  "-9007199254740991",
  "99999999999999999999999999",
  '"1e308"',
  '"NaN"',
  '"9999-12-31T23:59:59Z"',
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '"\\ud800"',
  '"\\u0000\\u001b[2J"',
  '"‮👩‍👩‍👧 ﷽"',
  '{"a":1,"a":2,"__proto__":{"model":"m"}}',
  `${"[".repeat(300)}${"]".repeat(300)}`,
  JSON.stringify("x".repeat(20_000)),
  `[${"{},".repeat(2_000)}{}]`,
  '"m*"',
  '"m/../../admin?x#y"',
]

const jsonTexts = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...absurdTexts) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }).map((text) => JSON.stringify(text)) },
  { weight: 1, arbitrary: fc.double().map((number) => String(number).replace(/NaN|Infinity/u, "1e400")) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
)

const jsonEdits = fc.array(fc.record({ at: fc.nat({ max: 60 }), text: jsonTexts }), { maxLength: 3 })
const share = fc.integer({ min: 0, max: 1_000 }).map((permille) => permille / 1_000)
const byteEdits = fc.oneof(
  { weight: 3, arbitrary: fc.constant<ReadonlyArray<ByteEdit>>([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.record({ at: share, drop: fc.nat({ max: 8 }), insert: fc.uint8Array({ maxLength: 8 }) }),
      { minLength: 1, maxLength: 3 },
    ),
  },
)

const headerValues = fc.oneof(
  fc.constantFrom(
    "0",
    "-1",
    "1e99",
    "99999999999",
    "9999-12-31T23:59:59Z",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "6m0s",
  ),
  fc.string({
    unit: fc.constantFrom("a", "Z", "0", "9", " ", ";", ",", "=", "%", '"', "'", "\t"),
    maxLength: 60,
  }),
)

const requestHeaders = fc.array(
  fc.tuple(
    fc.constantFrom(
      "x-session-id",
      "session_id",
      "x-request-timeout",
      "x-sluice-deadline-ms",
      "x-stainless-timeout",
      "expect",
      "content-encoding",
      "accept-encoding",
      "x-forwarded-for",
      "content-type",
      "idempotency-key",
      "anthropic-beta",
    ),
    headerValues,
  ),
  { maxLength: 3 },
)

const answerHeaders = fc.array(
  fc.tuple(
    fc.constantFrom(
      "retry-after",
      "retry-after-ms",
      "x-ratelimit-limit-requests",
      "x-ratelimit-remaining-requests",
      "x-ratelimit-reset-requests",
      "x-ratelimit-reset-tokens",
      "anthropic-ratelimit-requests-reset",
      "anthropic-ratelimit-unified-5h-reset",
      "anthropic-ratelimit-unified-status",
      "x-codex-primary-reset-at",
      "x-codex-primary-window-minutes",
      "content-encoding",
      "x-request-id",
      "x-should-retry",
      "content-type",
      "set-cookie",
    ),
    headerValues,
  ),
  { maxLength: 4 },
)

const requests: fc.Arbitrary<HostileRequest> = fc.record({
  template: fc.constantFrom(...requestTemplates),
  json: jsonEdits,
  bytes: byteEdits,
  key: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("right" as const, "x-api-key" as const) },
    { weight: 1, arbitrary: fc.constantFrom("wrong" as const, "none" as const) },
    { weight: 1, arbitrary: fc.constantFrom("x-goog-api-key" as const, "query" as const) },
  ),
  headers: requestHeaders,
  path: fc.oneof(
    { weight: 12, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.webPath().map((path) => (path.startsWith("/") ? path : `/${path}`)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("/v1/models", "/healthz", "/readyz", "/v1/models/%00", "//", "/%"),
    },
  ),
  leavesAfterMs: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat({ max: 80 }) },
  ),
})

const answers: fc.Arbitrary<HostileAnswer> = fc.record({
  template: fc.constantFrom(...answerTemplates),
  status: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        0,
        100,
        103,
        199,
        204,
        205,
        301,
        304,
        418,
        429,
        500,
        502,
        503,
        529,
        599,
        600,
        999,
      ),
    },
  ),
  json: jsonEdits,
  bytes: byteEdits,
  headers: answerHeaders,
  framing: fc.constantFrom("length", "chunked", "close"),
  pieces: fc.array(share, { maxLength: 4 }),
  breaksAt: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: share }),
  breaksBy: fc.constantFrom("reset", "reset", "reset", "silence"),
})

/** Requests that no client should send, and answers that no upstream should give. */
export const hostileExchanges: fc.Arbitrary<HostileExchange> = fc.record({
  request: requests,
  answers: fc.array(answers, { minLength: 1, maxLength: 3 }),
})

const names = fc.oneof(
  fc.constantFrom("account/a1", "channel/openai", "a2", "channel/none", "", "ingress/n1", "configuration"),
  fc.string({ unit: "binary", maxLength: 20 }),
)
const operators = fc.oneof(fc.constantFrom("cli", "", "file", 7, null), fc.string({ unit: "binary" }))
const figures = fc.oneof(
  fc.constantFrom(0, 1, 1e6, 1e308, -1, 2 ** 53, 0.5, "adaptive", "7", null),
  fc.double(),
)

/** What an operator may send to the running actors, sense or nonsense; each with what it does not know. */
export const hostileOperations: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ type: fc.constant("reset"), actor: names, windowCostUsd: figures, by: operators }),
  fc.record({ type: fc.constant("reset"), actor: names, by: operators }),
  fc.record({ type: fc.constant("set_limit"), limited: names, limit: figures, by: operators }),
  fc.record({ type: fc.constant("forget"), limited: names, by: operators }),
  fc.record({ type: fc.constant("diagnose"), model: fc.oneof(names, fc.constant(null)) }),
  fc.record({ type: fc.constant("adaptive_stats"), limited: names }),
  fc.record({ type: fc.constant("state"), subject: names }),
  fc.record({ type: fc.constantFrom("stopped", "adaptive_summary", "nothing") }),
  fc.jsonValue({ maxDepth: 2 }),
)
