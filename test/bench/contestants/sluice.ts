import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { memoryEnvironment, nodeFlags } from "@sluice/ingress/node-flags.ts"
import type { Lag } from "@sluice/projector/lag.ts"
import { until } from "../../until.ts"
import { benchModel } from "../load.ts"
import type { BenchProcess, Processes } from "../processes.ts"
import { answers, clientHeaders, clientKey, type Contestant } from "./contestant.ts"

const ingress = new URL("../../../services/ingress/main.ts", import.meta.url).href
const projector = new URL("../../../services/projector/main.ts", import.meta.url).href
const catchUpTimeoutMs = 120_000

/** What the log holds. */
export interface Stored {
  readonly commits: number
  readonly facts: number
}

/** Sluice as it runs in production: a log on disk, the ingress, and the projector behind it. */
export interface SluiceContestant extends Contestant {
  readonly natsPid: number
  readonly projectorPid: number
  readonly natsUrl: string
  stored(): Promise<Stored>
}

/** A configuration whose accounts have `env:SLUICE_BENCH_CREDENTIAL`, and one of whose clients has `env:SLUICE_BENCH_KEY` and may use the model of the bench. */
export type SluiceConfiguration = typeof ConfigurationFile.Encoded

/** Starts Sluice with its limiter, its queue and its durable log on. */
export const startSluice = async (
  processes: Processes,
  configuration: SluiceConfiguration,
  otherKeys: Readonly<Record<string, string>> = {},
): Promise<SluiceContestant> => {
  const dataDir = join(processes.folder, "data")
  await mkdir(dataDir)
  const nats = await startNatsServer({ dataDir: join(dataDir, "nats"), port: 0 })
  processes.adopt("nats-server", nats.process)
  const config = join(processes.folder, "sluice.yaml")
  await writeFile(config, JSON.stringify(configuration))
  const serving = processes.start({
    name: "ingress",
    script: ingress,
    nodeFlags,
    args: ["--nats", nats.url, "--embedded", "--data", dataDir, "--config", config, "--port", "0"],
    env: {
      ...memoryEnvironment,
      SLUICE_BENCH_CREDENTIAL: "sk-upstream",
      SLUICE_BENCH_KEY: clientKey,
      ...otherKeys,
    },
  })
  const projecting = processes.start({
    name: "projector",
    script: projector,
    args: ["--nats", nats.url, "--clickhouse", join(dataDir, "clickhouse")],
  })
  const [url, lagUrl] = await Promise.all([readyUrl(serving), readyUrl(projecting)])
  await serving.until(() => answers({ url, headers: clientHeaders }, benchModel), "sluice answers")
  const lag = async () => (await (await fetch(`${lagUrl}/lag`)).json()) as Lag
  return {
    name: "sluice",
    url,
    headers: clientHeaders,
    pid: serving.pid,
    natsPid: nats.pid,
    projectorPid: projecting.pid,
    natsUrl: nats.url,
    settled: async () => {
      const begin = performance.now()
      const { lagFacts } = await lag()
      await until(async () => (await lag()).lagFacts === 0, "the projector has caught up", catchUpTimeoutMs)
      return { lagFacts, caughtUpMs: performance.now() - begin }
    },
    stored: () => storedIn(nats.url),
  }
}

/**
 * The same with its projector at rest while it is measured: the proxy and its durable log by themselves, as where the tables are made on another machine.
 *
 * What it left undone is done before the next one's turn.
 */
export const withoutProjector = (sluice: SluiceContestant): Contestant => ({
  ...sluice,
  name: "sluice alone",
  begin: () => void process.kill(sluice.projectorPid, "SIGSTOP"),
  settled: () => {
    process.kill(sluice.projectorPid, "SIGCONT")
    return sluice.settled()
  },
})

const readyUrl = async (started: BenchProcess): Promise<string> => {
  const told = (await started.announced()) as { url: string } | { failed: string }
  if ("failed" in told) throw new Error(`${started.name}: ${told.failed}`)
  return told.url
}

/** One channel before the upstream, and one client. */
export const oneChannel = (
  upstream: Contestant,
  { concurrency, queueSize }: { concurrency: number; queueSize: number },
): SluiceConfiguration => ({
  pools: [{ id: "bench", models: [benchModel], tiers: [["upstream"]] }],
  channels: [
    {
      id: "upstream",
      protocol: "openai",
      baseUrl: upstream.url,
      models: [benchModel],
      maxConcurrent: concurrency,
      queueSize,
      accounts: [{ id: "key-1", credential: "env:SLUICE_BENCH_CREDENTIAL", auth: "bearer", concurrency }],
    },
  ],
  clients: [{ id: "bench", key: "env:SLUICE_BENCH_KEY" }],
})

const storedIn = async (url: string): Promise<Stored> => {
  const log = await openJetStreamLog({ url, name: "bench" })
  try {
    const stored = { commits: 0, facts: 0 }
    for await (const { body } of log.read({ afterSequence: 0 })) {
      const commit = JSON.parse(body) as { facts: ReadonlyArray<unknown> }
      stored.commits += 1
      stored.facts += commit.facts.length
    }
    return stored
  } finally {
    await log.close()
  }
}
