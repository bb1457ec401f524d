import { describe, expect, test } from "vitest"
import { readMeaning } from "../../testing/read-meaning.ts"

const quota = (...ids: ReadonlyArray<string>) => ({
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: ids.map((quotaId) => ({
    quotaMetric: "generativelanguage.googleapis.com/generate_content_free_tier_requests",
    quotaId,
    quotaDimensions: { location: "global", model: "gemini-2.5-flash" },
    quotaValue: "10",
  })),
})
const retryIn = (retryDelay: string) => ({ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay })
const reason = (name: string) => ({
  "@type": "type.googleapis.com/google.rpc.ErrorInfo",
  reason: name,
  domain: "googleapis.com",
})

const exhausted = (
  details: unknown,
  message = "You exceeded your current quota, please check your plan.",
) => ({
  error: { code: 429, message, status: "RESOURCE_EXHAUSTED", details },
})
const rejection = (body: unknown, status = 429) => readMeaning("gemini", { status, body }).rejection

const requestsPerMinute = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"
const tokensPerMinute = "GenerateContentInputTokensPerModelPerMinute-FreeTier"
const requestsPerDay = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"

describe("a 429 of Gemini", () => {
  test.each([
    ["requests", true, [requestsPerMinute]],
    ["tokens", true, [tokensPerMinute]],
    ["window", true, [requestsPerDay]],
    ["window", true, [tokensPerMinute, requestsPerMinute, requestsPerDay]],
    ["model", true, [tokensPerMinute, requestsPerMinute]],
    ["requests", false, ["GenerateRequestsPerMinutePerProject"]],
    ["unknown", false, ["GenerateRequestsPerMinutePerProject", "InputTokensPerMinutePerProject"]],
    ["concurrency", true, ["ConcurrentRequestsPerProjectPerModel"]],
    ["unknown", false, ["Something"]],
  ])("is %s, of the model alone: %s, for %j", (classification, isOfModel, ids) => {
    expect(rejection(exhausted([quota(...ids)]))).toMatchObject({ classification, isOfModel })
  })

  test("tells in its body when to come back, up to an hour", () => {
    const asked = (delay: string) => rejection(exhausted([quota(requestsPerMinute), retryIn(delay)]))
    expect(asked("34s")?.retryAfterMs).toBe(34_000)
    expect(asked("34.074824224s")?.retryAfterMs).toBe(34_075)
    expect(asked("86400s")?.retryAfterMs).toBe(3_600_000)
    expect([asked("-3s")?.retryAfterMs, asked("soon")?.retryAfterMs]).toEqual([null, null])
  })

  test("keeps its quotas and its delay as evidence, and nothing of its message", () => {
    expect(rejection(exhausted([quota(requestsPerMinute), retryIn("34s")]))?.evidence).toEqual({
      "error.type": "RESOURCE_EXHAUSTED",
      "error.quota.1": requestsPerMinute,
      "error.retry-delay": "34s",
    })
  })

  test("without details is what its message names, or unknown", () => {
    expect(rejection(exhausted(undefined, "Resource has been exhausted (e.g. check quota)."))).toMatchObject({
      classification: "unknown",
      isOfModel: false,
    })
    const metric = "Quota exceeded for example.com/generate_content_requests_per_minute_per_project"
    expect(rejection(exhausted([], metric))?.classification).toBe("requests")
  })

  test("is what the metric says where a quota has no id", () => {
    expect(rejection(exhausted([quota("")]))?.classification).toBe("requests")
  })

  test.each([[null], ["no list"], [[null, 3, {}]], [[{ ...quota(), violations: "none" }]]])(
    "is unknown with details of another shape: %j",
    (details) => {
      expect(rejection(exhausted(details))?.classification).toBe("unknown")
    },
  )
})

test("a 503 of Gemini that is unavailable is overloaded, and a 500 is not", () => {
  const body = { error: { code: 503, message: "This model has high demand.", status: "UNAVAILABLE" } }
  expect(rejection(body, 503)?.classification).toBe("overloaded")
  expect(rejection(body, 500)).toBeUndefined()
})

describe("the words of Gemini", () => {
  test.each([
    [400, "INVALID_ARGUMENT", "API_KEY_INVALID", true],
    [403, "PERMISSION_DENIED", "CONSUMER_SUSPENDED", true],
    [401, "UNAUTHENTICATED", "CREDENTIALS_MISSING", true],
    [403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED", false],
    [400, "INVALID_ARGUMENT", "FIELD_INVALID", false],
  ])("%i %s %s are of the credential: %s (C7)", (status, type, name, expected) => {
    const body = { error: { code: status, message: "The key AIza", status: type, details: [reason(name)] } }
    const { credentialRefused } = readMeaning("gemini", { status, body })
    expect(credentialRefused?.summary).toBe(expected ? `${status} ${type} ${name}` : undefined)
  })

  test.each([
    ["models/gemini-9 is not found for API version v1beta", true],
    ["Requested entity was not found.", false],
  ])("of a 404 with %s name an unknown model: %s", (message, expected) => {
    const body = { error: { code: 404, message, status: "NOT_FOUND" } }
    expect(readMeaning("gemini", { status: 404, body }).isModelUnknown).toBe(expected)
  })
})
