import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import type { ProviderOptions } from "@sluice/simulator/settings.ts"
import { stringify } from "yaml"
import { startPrivateNats } from "./event-log/event-log-server.ts"
import { until } from "./until.ts"

/** A service of the product, as a process that can be killed and started again. */
export interface ServiceProcess {
  readonly url: string
  readonly pid: number
  /** Ends it without a warning (SIGKILL). */
  kill(): Promise<void>
  /** Asks it to end (SIGTERM) and gives its exit code. */
  end(): Promise<number | null>
  /** Lets it stand still (SIGSTOP), and go on (SIGCONT). */
  freeze(): void
  thaw(): void
  /** The end of what it has logged. */
  said(): string
}

/** How a product is set up for one test. */
export interface ProductSetup {
  readonly provider?: Partial<ProviderOptions>
  readonly channel?: Record<string, unknown>
  readonly account?: Record<string, unknown>
  readonly settings?: Record<string, unknown>
  readonly clients?: ReadonlyArray<Record<string, unknown>>
  /** True if the log counts as another's, as with NATS_URL. */
  readonly isLogElsewhere?: boolean
  /** What the ingress finds in its environment beside what this process has. */
  readonly ingressEnvironment?: Readonly<Record<string, string>>
  /** What Node is told at the start of the ingress. */
  readonly ingressFlags?: ReadonlyArray<string>
  /** A whole configuration, made for the URL of the provider, in place of that of one channel. */
  readonly configuration?: (providerUrl: string) => Record<string, unknown>
}

const scriptOf = (service: string) => fileURLToPath(import.meta.resolve(`@sluice/${service}/main.ts`))

const startService = async (
  service: string,
  args: ReadonlyArray<string>,
  {
    environment = {},
    flags = [],
  }: { environment?: Readonly<Record<string, string>>; flags?: ReadonlyArray<string> } = {},
): Promise<ServiceProcess> => {
  const child: ChildProcess = spawn(process.execPath, [...flags, scriptOf(service), ...args], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: { ...process.env, SLUICE_TEST_KEY: "sk-test-0123456789", ...environment },
  })
  let said = ""
  child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-20_000)))
  const exited = once(child, "exit")
  const ready = once(child, "message") as Promise<[{ ready?: true; url?: string; failed?: string }]>
  const [first] = await Promise.race([ready, exited])
  const why = typeof first === "object" ? (first?.failed ?? "") : String(first)
  if (typeof first !== "object" || first === null || first.url === undefined)
    throw new Error(`the ${service} did not start: ${why} ${said}`)
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal)
    await exited
    return child.exitCode
  }
  return {
    url: first.url,
    pid: child.pid ?? 0,
    kill: async () => void (await end("SIGKILL")),
    end: () => end("SIGTERM"),
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    said: () => said,
  }
}

/** Changes the configuration file. Resolves when the ingress says that the change applies, or that it is not valid. */
const wordOnChange = async (
  running: { readonly ingress: ServiceProcess },
  change: () => Promise<void>,
): Promise<"applies" | "is not valid"> => {
  const words = () =>
    [...running.ingress.said().matchAll(/the configuration has changed and (applies|is not valid)/gu)].map(
      ([, word]) => (word === "applies" ? word : "is not valid"),
    )
  const before = words().length
  await change()
  await until(() => words().length > before, "the ingress has read the change")
  return words()[before] ?? "is not valid"
}

/** The whole product on servers, ports and a directory of its own: NATS, a simulated provider, ingress and projector. */
export const startProduct = async (setup: ProductSetup = {}) => {
  // What was started is ended even where the start of the rest fails.
  await using starting = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), "sluice-product-"))
  starting.defer(() => rm(directory, { recursive: true, force: true }))
  const provider = starting.use(await startSimulatedProvider({ serviceMs: 0, ...setup.provider }))
  const nats = starting.use(await startPrivateNats())
  const configFile = join(directory, "sluice.yaml")
  const configure = (change: Omit<ProductSetup, "provider">) => {
    const account = { id: "a", credential: "env:SLUICE_TEST_KEY", ...change.account }
    const channel = {
      id: "c",
      protocol: "openai",
      baseUrl: provider.url,
      models: ["demo-gpt"],
      accounts: [account],
      ...change.channel,
    }
    const pools = [{ id: "p", models: ["demo-gpt"], tiers: [["c"]] }]
    const { settings = {}, clients = [] } = change
    const one = { settings, pools, channels: [channel], clients }
    return writeFile(configFile, stringify(setup.configuration?.(provider.url) ?? one))
  }
  await configure(setup)
  const shared = ["--nats", nats.url]
  const own = ["--data", directory, "--config", configFile, ...(setup.isLogElsewhere ? [] : ["--embedded"])]
  const startIngress = (port = "0") =>
    startService("ingress", [...shared, ...own, "--port", port], {
      ...(setup.ingressEnvironment === undefined ? {} : { environment: setup.ingressEnvironment }),
      ...(setup.ingressFlags === undefined ? {} : { flags: setup.ingressFlags }),
    })
  const startProjector = () =>
    startService("projector", [...shared, "--clickhouse", join(directory, "clickhouse")])
  const running = { projector: await startProjector(), ingress: await startIngress() }
  starting.defer(() => running.projector.kill())
  starting.defer(() => running.ingress.kill())
  const restartIngress = async () => {
    running.ingress = await startIngress(new URL(running.ingress.url).port)
  }
  const restartProjector = async () => {
    running.projector = await startProjector()
  }
  const stack = starting.move()
  return {
    provider,
    directory,
    nats,
    /** The one that runs now. */
    get projector() {
      return running.projector
    },
    running,
    configure: (change: Omit<ProductSetup, "provider">) => wordOnChange(running, () => configure(change)),
    restartIngress,
    restartProjector,
    /** Asks the ingress for a completion of the demo's model. */
    complete: (headers: Record<string, string> = {}, more: Record<string, unknown> = {}) =>
      fetch(`${running.ingress.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ model: "demo-gpt", messages: [{ role: "user", content: "hello" }], ...more }),
      }),
    /** Asks a named question of everything that is in the log now. */
    query: async (name: string): Promise<ReadonlyArray<Record<string, unknown>>> => {
      const answer = await fetch(`${running.projector.url}/queries/${name}?wait=head`)
      return ((await answer.json()) as { rows: ReadonlyArray<Record<string, unknown>> }).rows
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
