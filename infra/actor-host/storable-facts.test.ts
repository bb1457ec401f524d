import type { Fact } from "@sluice/events/commit.ts"
import { describe, expect, it } from "vitest"
import { manualClock } from "../clock/clock.ts"
import { CommitTooLarge, type EventLog } from "../event-log/event-log.ts"
import { createMemoryLog } from "../event-log/memory-log.ts"
import type { Decider, Refusal } from "./decider.ts"
import { FactsRefused } from "./encoded-facts.ts"
import { HostedSubject } from "./hosted-subject.ts"
import { commitsIn, counting, type Starts, subject } from "./testing/counting.ts"

const clock = manualClock(1_000)

/** Decides the facts that it is given. */
const obedient: Decider<Starts, ReadonlyArray<Fact>, Refusal> = {
  ...counting,
  decide: (_, facts) => ({ kind: "facts", facts }),
}

const open = async (log: EventLog) => {
  const troubles: Array<string> = []
  const events = { onTrouble: (message: string) => void troubles.push(message) }
  const hosted = await HostedSubject.open(subject, obedient, { log, clock, node: "n", events })
  return { hosted, troubles }
}

const started = (fields: object = {}): Fact => ({
  actor: "ingress/n",
  type: "node.started",
  at: 1_000,
  incarnation: "i",
  clean: true,
  ...fields,
})

const unreadable: ReadonlyArray<readonly [what: string, fact: Fact]> = [
  ["a number beyond what is exact", started({ at: 2 ** 53 })],
  ["no number", started({ at: Number.NaN })],
  ["a text where a truth value belongs", started({ clean: "yes" })],
  ["a type that no reader knows", started({ type: "node.vanished" })],
  ["a missing field", started({ incarnation: undefined })],
]

describe("L6: what is decided", () => {
  it.each(unreadable)("is refused where it holds %s, and nothing else is touched", async (_, fact) => {
    const log = createMemoryLog()
    const { hosted, troubles } = await open(log)
    hosted.execute([started()])
    expect(() => hosted.execute([started(), fact])).toThrow(FactsRefused)
    await expect(hosted.submit([fact])).rejects.toBeInstanceOf(FactsRefused)
    hosted.execute([started()])
    await hosted.settled
    expect([hosted.isLive, hosted.state.count, troubles]).toEqual([true, 2, []])
    expect((await commitsIn(log)).flatMap(({ facts }) => facts)).toHaveLength(2)
    expect((await open(log)).hosted.state.count).toBe(2)
  })

  it("in one turn goes into commits of 256 KiB, and a larger decision has one of its own", async () => {
    const log = createMemoryLog()
    const { hosted } = await open(log)
    for (const kilobytes of [1, 200, 200, 40, 300, 10])
      hosted.execute([started({ incarnation: "x".repeat(kilobytes * 1024) })])
    await hosted.settled
    const sizes = (await commitsIn(log)).map(({ facts }) => facts.length)
    expect(sizes).toEqual([2, 2, 1, 1])
  })

  it("is refused where the log takes no message of its size, and nothing else is touched", async () => {
    const log = createMemoryLog()
    const { hosted, troubles } = await open(log)
    expect(() => hosted.execute([started({ incarnation: "x".repeat(9 * 1024 * 1024) })])).toThrow(
      /a commit holds at most/u,
    )
    hosted.execute([started()])
    await hosted.settled
    expect([hosted.isLive, hosted.state.count, troubles]).toEqual([true, 1, []])
  })

  it("is decided again in smaller commits where the log takes less than it said", async () => {
    const memory = createMemoryLog()
    let bytesMax = 1_024 * 1_024
    const log: EventLog = {
      ...memory,
      bodyBytesMax: () => bytesMax,
      append: async (commit) => {
        const bytes = commit.body.length
        if (bytes > 100_000) {
          bytesMax = 100_000
          throw new CommitTooLarge({ subject, bytes, bytesMax })
        }
        return memory.append(commit)
      },
    }
    const { hosted } = await open(log)
    const large = [started({ incarnation: "x".repeat(60_000) })]
    const stored = await Promise.allSettled([hosted.submit(large), hosted.submit(large)])
    expect(stored.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"])
    expect((await commitsIn(log)).map(({ facts }) => facts.length)).toEqual([1, 1])
  })
})
