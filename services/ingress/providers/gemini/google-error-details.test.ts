import { expect, test } from "vitest"
import { readErrorDetails } from "./google-error-details.ts"

const of = (kind: string, fields: object) => ({
  "@type": `type.googleapis.com/google.rpc.${kind}`,
  ...fields,
})

test("the details of an error of Google's give its reasons, its quotas and its delay", () => {
  const details = [
    of("ErrorInfo", { reason: "RATE_LIMIT_EXCEEDED", domain: "googleapis.com" }),
    of("Help", { links: [{ description: "Learn more", url: "https://example.com" }] }),
    of("QuotaFailure", { violations: [{ quotaId: "A" }, { quotaMetric: "m/b" }, { subject: "c" }] }),
    of("RetryInfo", { retryDelay: "34s" }),
  ]
  expect(readErrorDetails(details)).toEqual({
    reasons: ["RATE_LIMIT_EXCEEDED"],
    quotas: ["A", "m/b"],
    retryDelay: "34s",
  })
})

test.each([
  [undefined],
  ["text"],
  [[null, 1, {}, of("ErrorInfo", { reason: 5 }), of("QuotaFailure", { violations: 7 })]],
])("details of another shape give nothing: %j", (details) => {
  expect(readErrorDetails(details)).toEqual({ reasons: [], quotas: [], retryDelay: "" })
})
