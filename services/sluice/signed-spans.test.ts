import { expect, test } from "vitest"
import { joinSignedSpans } from "./signed-spans.ts"

test("a span with its sign belongs to the flag before it", () => {
  expect(joinSignedSpans(["replay", "channel/c", "--from", "-15m", "--to", "-1.5h", "--json"])).toEqual([
    "replay",
    "channel/c",
    "--from=-15m",
    "--to=-1.5h",
    "--json",
  ])
})

test("nothing else is joined", () => {
  const args = ["tail", "-15m", "--from", "15m", "--type", "acquired", "-h", "--at=1h", "-2h"]
  expect(joinSignedSpans(args)).toEqual(args)
})
