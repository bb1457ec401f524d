import type { Fact } from "@sluice/events/commit.ts"
import { createLogger } from "@sluice/infra/logging/logging.ts"
import { expect, it } from "vitest"
import { logFacts } from "./log-facts.ts"

const linesOf = (...facts: ReadonlyArray<Fact>): ReadonlyArray<unknown> => {
  const lines: Array<string> = []
  logFacts(createLogger({ name: "ingress", stream: { write: (line) => void lines.push(line) } }), "c", facts)
  return lines.map((line): unknown => JSON.parse(line))
}

it("S8: an adjusted limit is a line with channel, account, from, to and why", () => {
  const adjusted: Fact = {
    actor: "account/a",
    type: "account.limit_adjusted",
    at: 1_790_000_000_000,
    from: 12,
    to: 10,
    reason: "rejected",
    inFlight: 12,
    utilization: 1,
    samples: 3,
    classification: "concurrency",
  }
  const line = { msg: "limit adjusted", channel: "c", account: "a", from: 12, to: 10, reason: "rejected" }
  expect(linesOf(adjusted)).toMatchObject([line])
})

it("S8: a channel's own limit is a line without an account", () => {
  const told = { actor: "channel/c", at: 1_790_000_000_000, by: "api:test" }
  const lines = linesOf(
    { ...told, type: "channel.mode_changed", from: null, to: 7, limit: 7 },
    { ...told, type: "channel.learning_reset", from: 12, to: 8 },
  )
  expect(lines).toMatchObject([
    { msg: "kind of limit changed", channel: "c", to: 7, by: "api:test" },
    { msg: "what was learned is forgotten", channel: "c", from: 12, to: 8 },
  ])
  expect(JSON.stringify(lines)).not.toContain("account")
})

it("S8: what an operator does with a learned limit is a line that names them", () => {
  const told = { actor: "account/a", at: 1_790_000_000_000, by: "api:test" }
  expect(
    linesOf(
      { ...told, type: "account.mode_changed", from: null, to: 7, limit: 7 },
      { ...told, type: "account.learning_reset", from: 12, to: 8 },
    ),
  ).toMatchObject([
    { msg: "kind of limit changed", channel: "c", account: "a", to: 7, by: "api:test" },
    { msg: "what was learned is forgotten", channel: "c", account: "a", from: 12, to: 8, by: "api:test" },
  ])
})
