import { randomUUID } from "node:crypto"
import type { Protocol } from "@sluice/events/field.ts"

/** A provider that the demo simulates, and what the configuration allows at it. */
interface DemoProvider {
  /** As the simulator is told. */
  readonly name: string
  readonly channel: string
  readonly title: string
  readonly protocol: Protocol
  readonly model: string
  readonly perAccount: number
  readonly queueSize: number
  /** The pace of its answers. */
  readonly firstTokenMs: number
  readonly tokensPerSecond: number
}

const providers: ReadonlyArray<DemoProvider> = [
  {
    name: "gpt",
    channel: "demo-openai",
    title: "Simulated OpenAI",
    protocol: "openai",
    model: "demo-gpt",
    perAccount: 4,
    queueSize: 64,
    firstTokenMs: 180,
    tokensPerSecond: 90,
  },
  {
    name: "claude",
    channel: "demo-anthropic",
    title: "Simulated Anthropic",
    protocol: "anthropic",
    model: "demo-claude",
    perAccount: 3,
    queueSize: 32,
    firstTokenMs: 350,
    tokensPerSecond: 70,
  },
  {
    name: "gemini",
    channel: "demo-gemini",
    title: "Simulated Gemini",
    protocol: "gemini",
    model: "demo-gemini",
    perAccount: 3,
    queueSize: 32,
    firstTokenMs: 260,
    tokensPerSecond: 120,
  },
]

const accountsEach = 2
/** How far the hidden limit of an account lies above the configured one: what Sluice lets through is never refused. */
const hiddenSlack = 1
const requestsPerMinute = 10_000
/** A real provider goes on counting a request for a moment after its client has left. */
const abortHoldMs = 50

const keyVariable = (number: number): string => `SLUICE_DEMO_KEY_${number}`

/** What the demo shows to a user: the models that can be asked for. */
export const demoModels: ReadonlyArray<string> = providers.map(({ model }) => model)

/** Draws the keys of the demo's accounts, by the environment variables that its configuration names. */
export const drawDemoKeys = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    providers.flatMap((_, at) =>
      accountNumbers(at).map((number) => [keyVariable(number), `demo-${randomUUID()}`]),
    ),
  )

/** Describes the simulated providers to the simulator, on the ports that are given by name, else on free ones. */
export const simulatorSpecification = (
  keys: Readonly<Record<string, string>>,
  ports: ReadonlyMap<string, number>,
): string =>
  JSON.stringify(
    providers.map((provider, at) => ({
      name: provider.name,
      port: ports.get(provider.name) ?? 0,
      models: [provider.model],
      credentials: accountNumbers(at).map((number) => keys[keyVariable(number)]),
      concurrencyLimit: provider.perAccount + hiddenSlack,
      rpm: requestsPerMinute,
      firstTokenMs: provider.firstTokenMs,
      tokensPerSecond: provider.tokensPerSecond,
      abortHoldMs,
    })),
  )

/** Reads from an earlier configuration of the demo on which ports its providers were: on the same ones, nothing about them has changed. */
export const portsIn = (configuration: string): Map<string, number> => {
  const found = [...configuration.matchAll(/^ +baseUrl: \S+:(\d+)$/gmu)].map(([, port]) => Number(port))
  return new Map(providers.flatMap(({ name }, at) => (found[at] === undefined ? [] : [[name, found[at]]])))
}

/** Writes the demo's configuration for providers that are reached at these URLs, by name. */
export const demoConfiguration = (urls: ReadonlyMap<string, string>): string =>
  [
    "# The demo: written at each start without --config, so changes made here do not stay.",
    "# Copy it to a file of your own, put real providers in it, and start with --config FILE.",
    "pools:",
    ...providers.map(
      ({ model, channel }) => `  - { id: ${model}, models: [${model}], tiers: [[${channel}]] }`,
    ),
    "channels:",
    ...providers.flatMap((provider, at) => channelLines(provider, at, urls.get(provider.name) ?? "")),
    "",
  ].join("\n")

const channelLines = (provider: DemoProvider, at: number, url: string): ReadonlyArray<string> => [
  `  - id: ${provider.channel}`,
  `    name: ${provider.title}`,
  `    protocol: ${provider.protocol}`,
  `    baseUrl: ${url}`,
  `    models: [${provider.model}]`,
  `    maxConcurrent: ${accountsEach * provider.perAccount}`,
  `    queueSize: ${provider.queueSize}`,
  `    queueTimeoutMs: 30000`,
  `    accounts:`,
  ...accountNumbers(at).map(
    (number, position) =>
      `      - { id: ${provider.channel}-${position + 1}, credential: "env:${keyVariable(number)}", concurrency: ${provider.perAccount} }`,
  ),
]

const accountNumbers = (provider: number): ReadonlyArray<number> =>
  Array.from({ length: accountsEach }, (_, account) => provider * accountsEach + account + 1)
