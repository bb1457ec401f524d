import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { Contestant } from "./contestants/contestant.ts"
import type { Processes } from "./processes.ts"

const run = promisify(execFile)

/** What drives the load. */
export type LoadTool = "wrk" | "autocannon"

/** What came of one round of load. */
export interface LoadResult {
  readonly requests: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What every request asks for: a model that has a price. */
export const benchModel = "gpt-4o-mini"
const body = JSON.stringify({ model: benchModel, messages: [{ role: "user", content: "hello" }] })
const lua = fileURLToPath(new URL("load.lua", import.meta.url))
const autocannonLoad = fileURLToPath(new URL("autocannon-load.ts", import.meta.url))

interface Reported {
  readonly requests: number
  readonly durationUs: number
  readonly errors: Record<string, number>
  readonly p50Us: number
  readonly p99Us: number
}

/** Returns wrk where it is installed, else autocannon. */
export const findLoadTool = async (): Promise<LoadTool> => {
  try {
    await run("wrk", ["-v"])
  } catch (error) {
    // wrk tells its version and fails all the same.
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "autocannon"
  }
  return "wrk"
}

/**
 * Sends requests over a number of connections, each as soon as the one before is answered.
 *
 * Fails: throws when a single request fails or is answered with an error: figures of failures compare nothing.
 */
export const load = async (
  { name, url, headers }: Pick<Contestant, "url" | "headers"> & { readonly name: string },
  options: { processes: Processes; tool: LoadTool; connections: number; seconds: number },
): Promise<LoadResult> => {
  const { processes, tool, connections } = options
  const target = `${url}/v1/chat/completions`
  const [command, args] =
    tool === "wrk" ? byWrk(target, headers, options) : byAutocannon(target, headers, options)
  const output = await processes.run(command, args)
  const reported = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Reported
  const failed = Object.entries(reported.errors).filter(([, count]) => count > 0)
  if (failed.length > 0 || reported.requests === 0)
    throw new Error(
      `${name} at concurrency ${connections}: of ${reported.requests} requests failed ${JSON.stringify(Object.fromEntries(failed))}`,
    )
  return {
    requests: reported.requests,
    requestsPerSecond: (reported.requests / reported.durationUs) * 1_000_000,
    p50Ms: reported.p50Us / 1_000,
    p99Ms: reported.p99Us / 1_000,
  }
}

/** What the process around autocannon is told. */
export interface AutocannonLoad extends Amount {
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

type Amount = { readonly connections: number; readonly seconds: number }

type Command = readonly [command: string, args: ReadonlyArray<string>]

const byWrk = (target: string, headers: Contestant["headers"], { connections, seconds }: Amount): Command => {
  // An answer that comes late is a figure; wrk by itself calls one that takes 2 s an error.
  const options = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "30s", "-s", lua, target, "--"]
  return ["wrk", [...options, body, ...Object.entries(headers).flat()]]
}

const byAutocannon = (url: string, headers: Contestant["headers"], amount: Amount): Command => {
  const { connections, seconds } = amount
  const told: AutocannonLoad = { url, body, headers, connections, seconds }
  return [process.execPath, [autocannonLoad, JSON.stringify(told)]]
}
