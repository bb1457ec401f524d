import { expect, test } from "vitest"
import { gemini } from "./protocols/gemini.ts"
import { openai } from "./protocols/openai.ts"
import { takeQueryKey } from "./query-key.ts"

test.each([
  ["", "", undefined],
  ["?alt=sse", "?alt=sse", undefined],
  ["?key=k%2F1", "", "k/1"],
  ["?key=k&alt=sse", "?alt=sse", "k"],
  ["?alt=sse&key=k&x=%20", "?alt=sse&x=%20", "k"],
  ["?k%65y=a&key=b&access_token=c", "", "a"],
  ["?alt=sse&$userProject=p&quotaUser=q&userIp=1.2.3.4&oauth_token=t", "?alt=sse", undefined],
  ["?Key=k&$.xgafv=2", "?$.xgafv=2", "k"],
  ["?monkey=1&key", "?monkey=1", "key"],
  ["?%zz=1", "?%zz=1", undefined],
])("of %j the upstream sees %j, and the key is %j", (query, rest, key) => {
  expect(takeQueryKey(gemini, query)).toEqual({ query: rest, key })
})

test("a protocol without keys in its query keeps it as it is", () => {
  expect(takeQueryKey(openai, "?key=k")).toEqual({ query: "?key=k", key: undefined })
})
