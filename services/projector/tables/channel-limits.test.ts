import { type Commit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import { ChannelConfiguration } from "@sluice/events/configuration/channel.ts"
import { Schema } from "effect"
import { expect, test } from "vitest"
import { adjustments } from "./adjustments.ts"
import { limits } from "./limits.ts"

const actor = "channel/c"
const at = 1_790_000_000_000
const place = { subject: "sluice.log.channel.c", sequence: 7 }

const commitOf = (...facts: ReadonlyArray<Fact>): Commit => ({
  commit: "commit-1",
  version: 1,
  at,
  node: "n1",
  epoch: 1,
  schema: schemaNumber,
  facts,
})

const config = Schema.decodeUnknownSync(ChannelConfiguration)({
  id: "c",
  protocol: "openai",
  baseUrl: "http://upstream",
  models: ["m"],
  maxConcurrent: { adaptive: { initial: 4 } },
  queueSize: 9,
})

test("a channel that learns has no number but a beginning, in a checkpoint what was learned by then (F4)", () => {
  const told = { actor, channel: "c", adaptive: true, concurrency: null, queueSize: 9 }
  const facts = commitOf({ actor, type: "channel.configured", at, config, revision: 1, by: "file" })
  expect(limits.rows(facts, place)).toMatchObject([{ ...told, initial: 4 }])
  const context = { config, removed: false, learning: { limit: 17 } }
  const written = { at, part: 0, parts: 1, shape: 1, machineHash: "m", value: {}, context }
  const checkpoint = commitOf({ ...written, actor, type: "channel.checkpointed" })
  expect(limits.rows(checkpoint, place)).toMatchObject([{ ...told, initial: 17 }])
})

test("the adjustments of a channel stand beside those of accounts (S6)", () => {
  const evidence = { inFlight: 3, utilization: 0.75, samples: 7, classification: "concurrency" } as const
  const rows = adjustments.rows(
    commitOf(
      { actor, type: "channel.limit_adjusted", at, from: 4, to: 3, reason: "rejected", ...evidence },
      { actor, type: "channel.mode_changed", at, by: "api:example", from: 9, to: null },
      { actor, type: "channel.learning_reset", at, by: "api:example", from: 3, to: 4 },
    ),
    place,
  )
  expect(rows).toMatchObject([
    { actor, channel: "c", from: 4, to: 3, reason: "rejected", ...evidence, by: "" },
    { actor, from: 9, to: null, reason: "mode", mode: "fixed", by: "api:example" },
    { actor, from: 3, to: 4, reason: "learning_reset", by: "api:example" },
  ])
})
