import { describe, expect, test } from "vitest"
import { arrivedMs, epochIn, readMeaning } from "../../testing/read-meaning.ts"
import type { AnswerHeaders } from "../classification/answered.ts"
import { windowEndsAt } from "../classification/classification.ts"

const body = (message: string, type = "rate_limit_error") => ({ type: "error", error: { type, message } })

const rejection = (headers: AnswerHeaders, said: unknown = body("Rate limited")) =>
  readMeaning("anthropic", { headers, body: said }).rejection

const level = (kind: string, remaining: string, reset = "2026-11-20T10:00:40Z"): AnswerHeaders => ({
  [`anthropic-ratelimit-${kind}-limit`]: "50",
  [`anthropic-ratelimit-${kind}-remaining`]: remaining,
  [`anthropic-ratelimit-${kind}-reset`]: reset,
})

const window = (name: string, status: string, reset: string, utilization = "0.4"): AnswerHeaders => ({
  [`anthropic-ratelimit-unified-${name}-status`]: status,
  [`anthropic-ratelimit-unified-${name}-reset`]: reset,
  [`anthropic-ratelimit-unified-${name}-utilization`]: utilization,
})

const hour = 3_600
const perMinute = (what: string) =>
  body(`This request would exceed your organization's rate limit of 40,000 ${what} per minute.`)

describe("a 429 of Anthropic", () => {
  test.each<[string, string, AnswerHeaders, unknown]>([
    ["requests", "only these are used up", { ...level("requests", "0"), ...level("tokens", "9") }, undefined],
    ["tokens", "these are used up", { ...level("requests", "3"), ...level("tokens", "0") }, undefined],
    [
      "tokens",
      "those of the input are",
      { ...level("requests", "3"), ...level("input-tokens", "0") },
      undefined,
    ],
    ["tokens", "those of the output are", level("output-tokens", "0"), undefined],
    ["unknown", "both are", { ...level("requests", "0"), ...level("input-tokens", "0") }, undefined],
    ["unknown", "nothing is used up", level("requests", "3"), undefined],
    ["unknown", "the figures are -1", { ...level("requests", "-1"), ...level("tokens", "-1") }, undefined],
    ["unknown", "more is left than there is", level("requests", "51"), undefined],
    ["unknown", "nothing is said", {}, undefined],
    ["tokens", "its message says so", level("requests", "3"), perMinute("input tokens")],
    ["requests", "its message says so", {}, perMinute("requests")],
    ["overloaded", "its type says so", level("requests", "0"), body("Overloaded", "overloaded_error")],
  ])("is %s when %s", (kind, _, headers, said) => {
    expect(rejection(headers, said)?.classification).toBe(kind)
  })

  test("ends at the latest reset of the limits that are used up", () => {
    const headers = {
      ...level("requests", "7", "2026-11-20T10:50:00Z"),
      ...level("input-tokens", "0"),
      ...level("output-tokens", "0", "2026-11-20T10:00:50.5Z"),
    }
    expect(rejection(headers)?.resetAt).toBe(arrivedMs + 50_500)
  })

  test.each(["2026-11-20T09:59:59Z", "2026-11-20T11:00:01Z", "2026-13-45T00:00:00Z", "40", "", "soon"])(
    "ends at no reset of %j",
    (reset) => {
      expect(rejection(level("requests", "0", reset))).toMatchObject({
        classification: "requests",
        resetAt: null,
      })
    },
  )

  test("for concurrency is told by its message alone", () => {
    const said = body(
      "Number of concurrent connections has exceeded your rate limit. Please try again later.",
    )
    const expected = { classification: "concurrency", statedLimit: null, resetAt: null }
    expect(rejection(level("requests", "0"), said)).toMatchObject(expected)
    const stated = body("You have reached the limit of 50 concurrent connections")
    expect(rejection({}, stated)?.statedLimit).toBe(50)
  })

  test("for a use that grew too fast is no limit on tokens", () => {
    const said = body(
      "This request would exceed your organization's maximum usage increase rate for input tokens per minute. Please scale up more gradually to stay within the acceleration limit.",
    )
    expect(rejection(level("input-tokens", "0"), said)?.classification).toBe("slope")
  })
})

describe("a window of a subscription", () => {
  test.each<[string, AnswerHeaders, number | null]>([
    ["5h", window("5h", "rejected", epochIn(2 * hour), "1.0"), 2 * hour],
    ["7d", window("7d", "rejected", epochIn(100 * hour)), 100 * hour],
    ["5h without a reset", { "anthropic-ratelimit-unified-5h-status": "rejected" }, null],
    ["5h by its use", { "anthropic-ratelimit-unified-5h-utilization": "1.02" }, null],
    ["5h, too far ahead", window("5h", "rejected", epochIn(6 * hour + 1)), null],
    ["7d, too far ahead", window("7d", "rejected", epochIn(8 * 24 * hour + 1)), null],
    ["5h, in the past", window("5h", "rejected", epochIn(-1)), null],
    [
      "both",
      { ...window("5h", "rejected", epochIn(hour)), ...window("7d", "rejected", epochIn(50 * hour)) },
      50 * hour,
    ],
  ])("is meant when it is used up: %s", (_, headers, seconds) => {
    expect(rejection({ ...level("requests", "9"), ...headers })).toMatchObject({
      classification: "window",
      resetAt: seconds === null ? null : arrivedMs + seconds * 1_000,
      isOfModel: false,
    })
  })

  test("is of the model where only that of some models is used up", () => {
    const ofModels = {
      ...window("7d", "allowed", epochIn(9 * hour)),
      ...window("7d_opus", "rejected", epochIn(hour)),
    }
    expect(rejection(ofModels)).toMatchObject({
      classification: "window",
      isOfModel: true,
      resetAt: arrivedMs + hour * 1_000,
    })
    const also = { ...ofModels, ...window("5h", "rejected", epochIn(hour)) }
    expect(rejection(also)?.isOfModel).toBe(false)
  })

  test.each<[string, AnswerHeaders]>([
    ["it is allowed", window("5h", "allowed", epochIn(hour), "1")],
    ["a warning is given", window("7d", "allowed_warning", epochIn(hour), "0.98")],
    ["its use is absurd", { "anthropic-ratelimit-unified-5h-utilization": "12" }],
    ["only its reset is told", { "anthropic-ratelimit-unified-5h-reset": epochIn(hour) }],
  ])("is not meant by a burst when %s", (_, headers) => {
    expect(rejection(headers)?.classification).toBe("unknown")
  })

  test("of 5 hours is read from any answer (D6)", () => {
    const ends = (reset: string) => windowEndsAt("anthropic", window("5h", "allowed", reset), arrivedMs)
    expect(ends(epochIn(hour))).toBe(arrivedMs + hour * 1_000)
    expect([ends(epochIn(6 * hour + 1)), ends(epochIn(0)), ends("later")]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(windowEndsAt("anthropic", {}, arrivedMs)).toBeUndefined()
  })
})

describe("the words of Anthropic", () => {
  test.each([
    [401, "authentication_error", "invalid x-api-key", true],
    [402, "billing_error", "Your credit balance is too low to access the Anthropic API.", true],
    [403, "permission_error", "This organization has been disabled.", true],
    [400, "invalid_request_error", "Your organization has been disabled.", true],
    [400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", true],
    [403, "permission_error", "Your API key does not have permission to use the specified resource.", false],
    [400, "invalid_request_error", "messages: this organization has been disabled", false],
    [500, "authentication_error", "Internal server error", false],
  ])("%i %s %s are of the credential: %s (C7)", (status, type, message, expected) => {
    const { credentialRefused } = readMeaning("anthropic", { status, body: body(message, type) })
    expect(credentialRefused !== undefined).toBe(expected)
  })

  test.each([
    ["not_found_error", "model: claude-9", true],
    ["not_found_error", "Not found", false],
    ["invalid_request_error", "model: Field required", false],
  ])("of a 404 with %s, %s name an unknown model: %s", (type, message, expected) => {
    const { isModelUnknown } = readMeaning("anthropic", { status: 404, body: body(message, type) })
    expect(isModelUnknown).toBe(expected)
  })
})
