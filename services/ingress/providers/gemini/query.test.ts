import { expect, test } from "vitest"
import { openai } from "../openai/openai.ts"
import { gemini } from "./gemini.ts"
import { readQuery } from "./query.ts"

test.each([
  ["", "", undefined],
  ["?alt=sse", "?alt=sse", undefined],
  ["?key=k%2F1", "", "k/1"],
  ["?key=k&alt=sse", "?alt=sse", "k"],
  ["?alt=sse&key=k&x=%20", "?alt=sse", "k"],
  ["?k%65y=a&key=b&access_token=c", "", "a"],
  ["?alt=sse&$userProject=p&quotaUser=q&userIp=1.2.3.4&oauth_token=t", "?alt=sse", undefined],
  ["?Key=k&$.xgafv=2", "", "k"],
  ["?monkey=1&key", "", ""],
  ["?%zz=1", "", undefined],
  ["?alt=json&alt=sse", "?alt=json", undefined],
  ["?alt=proto", "", undefined],
  ["?alt=sse#/../x", "", undefined],
  ["?%61lt=s%73e&fields=candidates&$alt=media&prettyPrint=false", "?alt=sse", undefined],
])("of %j Gemini's upstream sees %j, and the key is %j", (query, rest, key) => {
  expect(readQuery(gemini, query)).toEqual({ query: rest, key })
})

test.each([
  ["?key=k&api_key=k&api-key=k&access_token=k&monkey=1", "?monkey=1"],
  ["?organization=o&api-version=2026-01-01", "?api-version=2026-01-01"],
  ["?beta=true", "?beta=true"],
  ["?", ""],
  ["?a=1#b", "?a=1%23b"],
])(
  "a protocol without keys in its query sends on what %j says, but credentials and identities",
  (query, rest) => {
    expect(readQuery(openai, query)).toEqual({ query: rest, key: undefined })
  },
)
