import { checkpointConfiguration } from "@sluice/actors/configuration/checkpoint.ts"
import {
  configurationFacts,
  foldConfiguration,
  noConfiguration,
} from "@sluice/actors/configuration/configuration.ts"
import type { Fact } from "@sluice/events/commit.ts"
import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { idOf } from "@sluice/events/identifier.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { expect, test } from "vitest"
import { VirtualClock } from "../../virtual-clock.ts"
import { VirtualNode } from "../../virtual-node.ts"
import { configurationOf } from "../testing/virtual-record.ts"
import { RecordedConfiguration } from "./recorded-configuration.ts"

/** The facts that a proxy writes as it is configured, by subject, in their order. */
const written = (wanted: ConfigurationFile, ...changes: ReadonlyArray<ConfigurationFile>) => {
  const commits: Array<readonly [channel: string | undefined, facts: ReadonlyArray<Fact>]> = []
  let stored = noConfiguration
  const note = (next: ConfigurationFile): void => {
    const facts = configurationFacts(stored, { wanted: next, by: "file", at: 0 })
    stored = foldConfiguration(facts, stored)
    commits.push([undefined, facts])
  }
  note(wanted)
  const node = new VirtualNode({
    clock: new VirtualClock(0),
    wanted,
    random: () => 0.5,
    onFacts: (channel, facts) => commits.push([channel, facts]),
  })
  for (const next of changes) {
    note(next)
    node.apply({ wanted: next, by: "file" })
  }
  return { commits, node, stored }
}

const fold = (
  commits: ReadonlyArray<readonly [channel: string | undefined, facts: ReadonlyArray<Fact>]>,
): RecordedConfiguration => {
  const recorded = new RecordedConfiguration()
  for (const [at, [channel, facts]] of commits.entries()) recorded.take(facts, channel, at)
  return recorded
}

const channelsIn = (wanted: ConfigurationFile | undefined) =>
  wanted?.channels.map(({ id, maxConcurrent, accounts }) => ({
    id,
    maxConcurrent,
    accounts: accounts.map((account) => [account.id, account.concurrency]),
  }))

const first = configurationOf([{ id: "a", concurrency: 3 }, { id: "b" }], { maxConcurrent: 9 })

test("facts fold to the configuration that they were made of", () => {
  const folded = fold(written(first).commits).history.at(-1)?.wanted
  expect(folded?.pools).toEqual(first.pools)
  expect(folded?.settings).toEqual(first.settings)
  expect(channelsIn(folded)).toEqual(channelsIn(first))
})

test("a change holds from its time on, and what was removed is gone", () => {
  const second = configurationOf([{ id: "a", concurrency: 5 }])
  const { history } = fold(written(first, second).commits)
  expect(channelsIn(history.at(-1)?.wanted)).toEqual(channelsIn(second))
  expect(history.map(({ atMs }) => atMs)).toEqual([0, 1, 3])
  expect(channelsIn(history[1]?.wanted)).toEqual(channelsIn(first))
  const none = fold(written(first, { ...second, channels: [], pools: [] }).commits).history.at(-1)?.wanted
  expect([none?.channels, none?.pools]).toEqual([[], []])
})

test("a checkpoint tells it as well as all that was before", () => {
  const { node, stored } = written(first)
  const state = node.channels.get("c")?.subject.state
  if (state === undefined) throw new Error("no channel")
  const group = channelDecider.checkpoint?.(state, { at: 0, subject: "sluice.log.channel.c" }) ?? []
  const folded = fold([
    [undefined, checkpointConfiguration(stored, 0)],
    ["c", group],
  ]).history.at(-1)?.wanted
  expect(group.map(({ actor }) => idOf(actor))).toEqual(["c", "a", "b"])
  expect(folded?.pools).toEqual(first.pools)
  expect(channelsIn(folded)).toEqual(channelsIn(first))
})
