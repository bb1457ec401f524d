import {
  type CataloguedError,
  errorCatalogue,
  isNotToRetry,
} from "@sluice/ingress/refusals/error-catalogue.ts"
import { code, pageOf, table, wrapped } from "./page-text.ts"

const errors: ReadonlyArray<CataloguedError> = Object.values(errorCatalogue)

/** Cases that only the log holds, and heads of which nobody can be told in a protocol. */
const unread: ReadonlySet<string> = new Set(["client_closed", "headers_too_large", "malformed_request"])

const casesOf = (): ReadonlyMap<string, ReadonlyArray<CataloguedError>> =>
  Map.groupBy(errors, (one) => one.code)

const retryAfterOf = ({ retryAfter }: CataloguedError): string => {
  if (retryAfter === undefined) return "–"
  return retryAfter === "known" ? "if known" : `${retryAfter / 1000} s`
}

const overview = (): string =>
  table(
    ["code", "status", "`retry-after`", "`x-should-retry`", "worth trying again"],
    errors
      .filter((one) => !unread.has(one.code))
      .map((one) => [
        `[${code(one.code)}](#${one.code})`,
        String(one.status),
        retryAfterOf(one),
        isNotToRetry(one.status) ? code("false") : "–",
        one.again,
      ]),
  )

const described = (name: string, cases: ReadonlyArray<CataloguedError>): string => {
  const each = cases.map(({ status, when, advice }) =>
    wrapped(`* **${status}.** ${when}\n*What to do:* ${advice}`, "  "),
  )
  return `### ${name}\n\n${each.join("\n")}`
}

const sdks = table(
  ["client", "tries a 429 of Sluice again"],
  [
    ["`openai` 7.57, `@anthropic-ai/sdk` 1.14", "no: they obey `x-should-retry`"],
    [
      "`@google/genai` 3.3",
      "no, unless `httpOptions.retryOptions` is set; then as often as that says, whatever the headers are",
    ],
    [
      "`ai` 7.0 with `@ai-sdk/openai` 4.0",
      "yes, twice with a growing pause: it does not know the header. `maxRetries: 0` turns that off, and then the queue of Sluice does the waiting",
    ],
  ],
)

const intro = [
  "An error that Sluice makes by itself has a code. This page says when each code comes, what can be done, and whether it is worth trying again. The rules behind it are [E1](rules/admission.md#e1-shape-of-errors) to [E4](rules/admission.md#e4-headers-of-every-response).",
  "A code can have several cases with a status each: `deadline_exceeded` is 429 while the request waits, because nothing was begun, and 504 once an upstream works on it. `npx sluice explain REQUEST`, with the answer's `x-sluice-request-id`, tells what happened to one request.",
].map((text) => wrapped(text))

const shapes = `## The shape of an error

${wrapped("An error has the shape of the protocol that was called. In OpenAI's and Anthropic's shape the code is `error.code`. In Gemini's shape `error.code` is a number, the HTTP status, so Sluice's code is the `reason` in the details:")}

\`\`\`json
{
  "error": {
    "code": 429,
    "message": "the queue is full",
    "status": "RESOURCE_EXHAUSTED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "channel_queue_full",
        "domain": "sluice"
      }
    ]
  }
}
\`\`\`

${wrapped("An upstream's own last answer passes unchanged, with its status and its `retry-after`, if it has the protocol's shape or may not be retried; the log then holds the code `upstream_error`. An answer of 400 or more that cannot be passed on keeps its status, with `upstream_error` as its code. A request that an upstream has failed and that then finds no other account gets that upstream's answer rather than a code of the queue.")}`

const afterFirstByte = `## After the first byte

${wrapped("Once an answer has begun its status cannot change. In a stream of events the error is one more event, in the protocol's shape: `event: error` with OpenAI and Anthropic, a `data:` line with Gemini. A body that has no place for one (plain JSON, Gemini's list) is cut: the connection closes before its end. The event that ends a stream is never made up, so a truncated answer never looks complete ([E3](rules/admission.md#e3-errors-after-the-first-byte)).")}`

const headers = `## What SDKs make of a 429

${wrapped("A 429 of Sluice carries `x-should-retry: false`, because the queue has done the waiting already. It carries `retry-after` only where the end is known: of a cooldown (`all_cooling`) or of a pause (`too_many_wrong_keys`). A 429 of an upstream that passes has the upstream's headers instead. The tests of the SDKs in `test/clients/` show:")}

${sdks}`

/** Makes docs/errors.md from the catalogue of errors. */
export const errorsPage = (): string =>
  pageOf("Errors", [
    ...intro,
    "## Overview",
    overview(),
    shapes,
    headers,
    afterFirstByte,
    "## Codes",
    ...[...casesOf()].map(([name, cases]) => described(name, cases)),
  ])
