import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { Option, Predicate, Schema } from "effect"
import { until } from "../../until.ts"
import { answers, clientHeaders, clientKey, type Contestant } from "../contestants/contestant.ts"
import { oneChannel } from "../contestants/sluice.ts"
import { freePort } from "../free-port.ts"
import { benchModel } from "../load.ts"
import type { Processes } from "../processes.ts"

/** Enough slots for every request of the load. */
const limits = { concurrency: 512, queueSize: 100 }
const settledWithinMs = 120_000
const run = promisify(execFile)

/** What every version writes into `run.json` of what it runs. */
const RunFile = Schema.Struct({
  pid: Schema.Int,
  nats: Schema.Struct({ process: Schema.Struct({ pid: Schema.Int }) }),
  ingress: Schema.Struct({ pid: Schema.Int, url: Schema.String }),
  projector: Schema.Struct({ pid: Schema.Int, url: Schema.String }),
})
type RunFile = typeof RunFile.Type

const decodeRun = Schema.decodeOption(Schema.fromJsonString(RunFile))
const decodeAccess = Schema.decodeUnknownSync(
  Schema.fromJsonString(Schema.Struct({ queries: Schema.String })),
)
const decodeLag = Schema.decodeUnknownSync(Schema.Struct({ lagFacts: Schema.Number }))

/** The processes whose use of the machine is compared; `up` looks after the others. */
export type Part = "ingress" | "nats-server" | "projector" | "up"

/** The product of a checkout as its users start it. */
export interface Product extends Pick<Contestant, "url" | "headers"> {
  readonly name: string
  readonly pids: Readonly<Record<Part, number>>
  /** Resolves when the tables hold everything that is in the log. Fails: rejects when that takes two minutes. */
  settled(): Promise<void>
  /** Ends it and takes its data away. */
  stop(): Promise<void>
}

/** Installs what a checkout needs to run, by its own means, where that is missing. Fails: rejects, with what it said, when it cannot. */
export const setUpCheckout = async (checkout: string): Promise<void> => {
  await run(process.execPath, [join(checkout, "infra", "bootstrap", "run.mjs")], { cwd: checkout })
}

/**
 * Starts what `sluice up` of a checkout starts, on data of its own before the upstream, and waits until it answers.
 *
 * It is told and asked only what any version understands: flags that all have, `run.json` and `/lag`.
 */
export const startProduct = async (
  processes: Processes,
  { name, checkout, upstream }: { name: string; checkout: string; upstream: Contestant },
): Promise<Product> => {
  const folder = join(processes.folder, name)
  const data = join(folder, "data")
  await mkdir(data, { recursive: true })
  const config = join(folder, "sluice.yaml")
  await writeFile(config, JSON.stringify(oneChannel(upstream, limits)))
  const told = ["--config", config, "--data", data, "--port", String(await freePort()), "--log-level", "warn"]
  const started = processes.start({
    name,
    command: process.execPath,
    args: [join(checkout, "services", "sluice", "bin.mjs"), "up", ...told],
    env: { SLUICE_BENCH_CREDENTIAL: "sk-upstream", SLUICE_BENCH_KEY: clientKey },
    without: ["NATS_URL", "CLICKHOUSE_URL"],
  })
  let running: RunFile | undefined
  const isUp = async () => {
    running = runningOn(data)
    return (
      running !== undefined &&
      (await answers({ url: running.ingress.url, headers: clientHeaders }, benchModel))
    )
  }
  await started.until(isUp, `the product of ${checkout} answers`)
  if (running === undefined) throw new Error(`nothing runs on ${data}`)
  const { nats, ingress, projector, pid } = running
  const headers = lagHeaders(data)
  const isSettled = async () => {
    const answer = await fetch(`${projector.url}/lag`, { headers })
    // A log that is too busy to say how long it is says it later.
    if (answer.status >= 500) return false
    if (!answer.ok) throw new Error(`${name} does not tell its lag: ${await answer.text()}`)
    return decodeLag(await answer.json()).lagFacts === 0
  }
  return {
    name,
    url: ingress.url,
    headers: clientHeaders,
    pids: { ingress: ingress.pid, "nats-server": nats.process.pid, projector: projector.pid, up: pid },
    settled: () => until(isSettled, "the tables hold everything", settledWithinMs),
    stop: async () => {
      await started.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch (error) {
    if (Predicate.hasProperty(error, "code") && error.code === "ENOENT") return undefined
    throw error
  }
}

/** While a part has not started yet it is `null` there. */
const runningOn = (data: string): RunFile | undefined => {
  const text = readIfThere(join(data, "run.json"))
  return text === undefined ? undefined : Option.getOrUndefined(decodeRun(text))
}

/** Versions that keep strangers from their tables say in `access.json` what lets one in. */
const lagHeaders = (data: string): Record<string, string> => {
  const access = readIfThere(join(data, "access.json"))
  return access === undefined ? {} : { authorization: `Bearer ${decodeAccess(access).queries}` }
}
