import { configurationFacts, noConfiguration } from "@sluice/actors/configuration/configuration.ts"
import { type Commit, type Fact, schemaNumber } from "@sluice/events/commit.ts"
import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { actorName, channelSubject, configurationSubject, ingressSubject } from "@sluice/events/identifier.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { createMemoryLog } from "@sluice/infra/event-log/testing/memory-log.ts"
import { loadPrices } from "@sluice/infra/prices/prices.ts"
import { createPricing } from "@sluice/ingress/usage/pricing.ts"
import { seededRandom } from "@sluice/simulator/seeded-random.ts"
import { Effect, Schema } from "effect"
import type { Demand } from "../../demand.ts"
import { VirtualProvider } from "../../provider/virtual-provider.ts"
import { drawExponential, drawLogNormal, logNormal } from "../../random.ts"
import { ProviderBehaviour } from "../../scenario/scenario.ts"
import { VirtualClock } from "../../virtual-clock.ts"
import { VirtualNode } from "../../virtual-node.ts"
import { VirtualRequest } from "../../virtual-request.ts"

export const startMs = 1_790_000_040_000

/** A configuration of one channel `c` with accounts that serve the model `m` in the pool `p`. */
export const configurationOf = (
  accounts: ReadonlyArray<Record<string, unknown>>,
  channel: Record<string, unknown> = {},
): ConfigurationFile =>
  Schema.decodeUnknownSync(ConfigurationFile)({
    pools: [{ id: "p", models: ["demo-gpt"], tiers: [["c"]] }],
    channels: [
      {
        id: "c",
        protocol: "openai",
        baseUrl: "http://virtual",
        models: ["demo-gpt"],
        ...channel,
        accounts: accounts.map((account) => ({ credential: "env:A", ...account })),
      },
    ],
  })

/** What is recorded: traffic, providers by account, and configurations by the second from which they hold. */
export interface VirtualRecordOptions {
  readonly configurations: ReadonlyArray<readonly [fromS: number, wanted: ConfigurationFile]>
  readonly providers: Readonly<Record<string, unknown>>
  readonly seconds: number
  readonly perSecond: number
  readonly medianMs?: number
  readonly demand?: (nth: number) => Partial<Demand>
}

const prices = await Effect.runPromise(loadPrices())

/** Returns the built-in prices. */
export const builtInPrices = prices

/** Runs traffic against providers whose behaviour is known, in virtual time, and gives the log that the proxy would have written. */
export const recordVirtually = async (options: VirtualRecordOptions): Promise<EventLog> => {
  const clock = new VirtualClock(startMs)
  const commits: Array<{ readonly subject: string; readonly commit: Commit }> = []
  const versions = new Map<string, number>()
  const commit = (subject: string, facts: ReadonlyArray<Fact>): void => {
    const version = (versions.get(subject) ?? 0) + 1
    versions.set(subject, version)
    const id = `${subject}-${version}`
    commits.push({
      subject,
      commit: { commit: id, version, at: clock.now(), node: "n", epoch: 1, schema: schemaNumber, facts },
    })
  }
  const [[, wanted] = [0, undefined], ...changes] = options.configurations
  if (wanted === undefined) throw new Error("no configuration")
  commit(configurationSubject, configurationFacts(noConfiguration, { wanted, by: "file", at: clock.now() }))
  const pricing = createPricing(
    () => prices,
    () => undefined,
  )
  const node = new VirtualNode({
    clock,
    wanted,
    random: seededRandom(11, "jitter"),
    costOf: pricing,
    onFacts: (channel, facts) => commit(channelSubject(channel), facts),
    onCompleted: (request) =>
      commit(ingressSubject("n"), [
        { actor: actorName("ingress", "n"), type: "request.completed", at: clock.now(), ...request },
      ]),
  })
  for (const [fromS, next] of changes)
    clock.at(startMs + fromS * 1000, () => node.apply({ wanted: next, by: "file" }))
  sendTraffic(options, { clock, node })
  await clock.run(startMs + options.seconds * 1000 + 600_000)
  const log = createMemoryLog()
  for (const { subject, commit: one } of commits)
    await log.append({
      subject,
      id: one.commit,
      body: JSON.stringify(one),
      expectedSequence: (await log.last(subject))?.sequence ?? 0,
    })
  return log
}

const sendTraffic = (
  { providers, seconds, perSecond, medianMs = 2_000, demand }: VirtualRecordOptions,
  { clock, node }: { readonly clock: VirtualClock; readonly node: VirtualNode },
): void => {
  const upstreams = new Map(
    Object.entries(providers).map(([account, behaviour]) => [
      account,
      new VirtualProvider({
        clock,
        behaviour: Schema.decodeUnknownSync(ProviderBehaviour)(behaviour),
        random: seededRandom(11, `provider ${account}`),
        endMs: startMs + seconds * 1000,
        observer: {
          onInFlight: () => undefined,
          onCapacity: () => undefined,
          onOutage: () => undefined,
          onAccepted: () => undefined,
        },
      }),
    ]),
  )
  const travel = seededRandom(11, "network")
  const around = {
    clock,
    node,
    networkMs: () => 40 + travel() * 20,
    random: seededRandom(11, "retries"),
    isMetered: true,
    upstreamOf: (account: string) => {
      const upstream = upstreams.get(account)
      if (upstream === undefined) throw new Error(`no provider behind ${account}`)
      return upstream
    },
  }
  const random = seededRandom(11, "traffic")
  const service = logNormal({ median: medianMs, p95OverP50: 3 })
  let nth = 0
  for (let atMs = startMs; ;) {
    atMs += drawExponential(random, 1000 / perSecond)
    if (atMs >= startMs + seconds * 1000) return
    nth += 1
    const place = nth
    const serviceMs = Math.round(drawLogNormal(random, service))
    clock.at(atMs, () =>
      new VirtualRequest(
        around,
        { ...demandOf(serviceMs), ...demand?.(place) },
        `r${String(place).padStart(6, "0")}`,
      ).start(),
    )
  }
}

const demandOf = (serviceMs: number): Demand => ({
  client: "alice",
  protocol: "openai",
  model: "demo-gpt",
  pool: "p",
  session: null,
  estimate: { inputTokens: 100, outputTokens: 300 },
  deadlineMs: null,
  leavesAfterMs: null,
  work: {
    serviceMs,
    firstByteMs: Math.round(serviceMs / 5),
    tokens: { input: 100, output: 200, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 },
  },
})
