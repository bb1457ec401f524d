import { expect, test } from "vitest"
import { addAnswerHeaders } from "./response-headers.ts"

const passedOf = (answer: Readonly<Record<string, string | string[]>>): ReadonlyArray<string> => {
  const headers: string[] = []
  addAnswerHeaders(headers, answer, "")
  return headers
}

test.each([
  "anthropic-version",
  "apim-request-id",
  "cache-control",
  "content-encoding",
  "content-type",
  "openai-model",
  "openai-processing-ms",
  "openai-version",
  "request-id",
  "x-accel-buffering",
  "x-amzn-requestid",
  "x-ds-trace-id",
  "x-goog-request-id",
  "x-request-id",
  "x-should-retry",
  "x-tt-logid",
])("%s reaches the client", (name) => {
  expect(passedOf({ [name]: "1" })).toEqual([name, "1"])
})

test.each([
  "access-control-allow-origin",
  "access-control-expose-headers",
  "alt-svc",
  "anthropic-fast-input-tokens-remaining",
  "anthropic-organization-id",
  "anthropic-priority-input-tokens-limit",
  "anthropic-ratelimit-requests-limit",
  "anthropic-workspace-id",
  "cf-ray",
  "content-length",
  "date",
  "link",
  "location",
  "openai-organization",
  "openai-project",
  "refresh",
  "retry-after",
  "server",
  "server-timing",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "vary",
  "via",
  "www-authenticate",
  "x-anything",
  "x-codex-primary-used-percent",
  "x-goog-quota-user",
  "x-ms-region",
  "x-quota-remaining",
  "x-ratelimit-limit-requests",
  "x-sluice-request-id",
])("%s stays here", (name) => {
  expect(passedOf({ [name]: "1" })).toEqual([])
})

test("what `Connection` names stays here, whatever it is", () => {
  const answer = { connection: "close, X-Request-Id", "x-request-id": "1", "content-type": "text/plain" }
  expect(passedOf(answer)).toEqual(["content-type", "text/plain"])
})

test("a body that is not encoded has no coding", () => {
  expect(passedOf({ "content-encoding": "identity" })).toEqual([])
})
