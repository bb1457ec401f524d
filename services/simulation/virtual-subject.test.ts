import { channelCommands } from "@sluice/actors/configuration/configuration.ts"
import type { Command } from "@sluice/actors/decisions/command.ts"
import { tooMany } from "@sluice/actors/testing/specification.ts"
import type { Fact } from "@sluice/events/commit.ts"
import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { channelSubject } from "@sluice/events/identifier.ts"
import { HostedSubject } from "@sluice/infra/actor-host/hosted-subject.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import type { ChannelSubject } from "@sluice/ingress/admission/hosted-channel.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { VirtualClock } from "./virtual-clock.ts"
import { VirtualSubject } from "./virtual-subject.ts"

const wanted = Schema.decodeUnknownSync(ConfigurationFile)({
  pools: [{ id: "p", models: ["m"], tiers: [["c"]] }],
  channels: [
    {
      id: "c",
      protocol: "openai",
      baseUrl: "http://virtual",
      models: ["m"],
      queueSize: 4,
      queueTimeoutMs: 3_000,
      accounts: [
        { id: "a", credential: "env:A", concurrency: 2, rpm: 100 },
        { id: "b", credential: "env:B", concurrency: 1 },
      ],
    },
  ],
})

const applicant = (request: number) => ({
  request: `r${request}`,
  attempt: 1,
  client: `client-${request % 3}`,
  weight: 1,
  model: "m",
  estimate: { inputTokens: 1, outputTokens: 1 },
})

/** Asks, waits, leaves and releases by chance, as the seed draws it, and gives all facts. */
const playedOn = async (open: (clock: VirtualClock, facts: Array<Fact>) => Promise<ChannelSubject>) => {
  const clock = new VirtualClock(1_000_000)
  const facts: Array<Fact> = []
  const opening = open(clock, facts)
  await clock.run(clock.now())
  const subject = await opening
  const random = seededRandom(7, "play")
  const execute = (command: Command) => subject.execute(command)
  for (const [, command] of channelCommands([], { wanted, by: "file" })) execute(command)
  for (let request = 1; request <= 300; request += 1)
    clock.at(1_000_000 + Math.floor(random() * 60_000), () => {
      const arrivedAt = clock.now()
      const asked = execute({
        type: "acquire",
        ...applicant(request),
        arrivedAt,
        since: arrivedAt,
        tried: new Set(),
      })
      if (asked.kind === "denied")
        execute({ type: "enqueue", ...applicant(request), arrivedAt, deadlineAt: null })
    })
  const release = (fact: Fact): void => {
    if (fact.type !== "account.acquired") return
    const isRejected = random() < 0.2
    const isAborted = random() < 0.2
    clock.at(clock.now() + 200 + random() * 1_500, () => {
      const endedAt = clock.now()
      void subject.submit({
        type: "release",
        lease: fact.lease,
        account: fact.actor.slice("account/".length),
        outcome: isRejected ? "rate_limited" : isAborted ? "client_closed" : "ok",
        status: isRejected ? 429 : 200,
        ttftMs: null,
        endedAt,
        dispatched: true,
        jitter: 0.5,
        ...(isRejected ? { rejection: tooMany } : {}),
      })
    })
  }
  let seen = 0
  const look = (): void => {
    for (; seen < facts.length; seen += 1) {
      const fact = facts[seen]
      if (fact !== undefined) release(fact)
    }
    clock.at(clock.now() + 10, look)
  }
  look()
  await clock.run(1_090_000)
  return facts
}

describe("a subject in virtual time", () => {
  it("comes to the same facts as one with a log", async () => {
    const logged = await playedOn((clock, facts) =>
      HostedSubject.open(channelSubject("c"), channelDecider, {
        log: createMemoryLog(),
        clock,
        node: "n",
        events: { onFacts: (news) => void facts.push(...news) },
      }),
    )
    const virtual = await playedOn((clock, facts) =>
      Promise.resolve(new VirtualSubject(clock, (news) => void facts.push(...news))),
    )
    const types = new Set(virtual.map(({ type }) => type))
    for (const type of ["channel.queued", "channel.timed_out", "account.limit_adjusted"] as const)
      expect(types).toContain(type)
    expect(virtual).toEqual(logged)
  })
})
