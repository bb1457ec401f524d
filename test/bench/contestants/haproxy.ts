import { execFile } from "node:child_process"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { freePort } from "../free-port.ts"
import { benchModel } from "../load.ts"
import type { Processes } from "../processes.ts"
import { answers, clientHeaders, type Contestant, nothingBehind } from "./contestant.ts"

const run = promisify(execFile)

/** True if HAProxy is installed. */
export const haproxyIsInstalled = async (): Promise<boolean> => {
  try {
    await run("haproxy", ["-v"])
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false
    throw error
  }
}

/**
 * Starts HAProxy with a limit on the upstream and a bounded queue before it, as the nearest thing to a channel.
 *
 * Without `abortonclose` it would send on requests whose client has left, without `http-no-delay` hold back the chunks of a stream.
 * Source: HAProxy 2.6, documentation of both options.
 */
export const startHaproxy = async (
  processes: Processes,
  upstream: Contestant,
  limits: { concurrency: number; queueSize: number },
): Promise<Contestant> => {
  const port = await freePort()
  const file = join(processes.folder, "haproxy.cfg")
  await writeFile(file, configuration(port, new URL(upstream.url).host, limits))
  const started = processes.start({ name: "haproxy", command: "haproxy", args: ["-db", "-f", file] })
  const url = `http://127.0.0.1:${port}`
  await started.until(() => answers({ url, headers: clientHeaders }, benchModel), "haproxy answers")
  return { name: "haproxy", url, headers: clientHeaders, pid: started.pid, settled: nothingBehind }
}

const configuration = (
  port: number,
  upstream: string,
  { concurrency, queueSize }: { concurrency: number; queueSize: number },
): string => `defaults
  mode http
  option abortonclose
  option http-no-delay
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout queue 30s
frontend clients
  bind 127.0.0.1:${port}
  http-request deny deny_status 429 if { queue(provider) ge ${queueSize} }
  default_backend provider
backend provider
  server upstream ${upstream} maxconn ${concurrency}
`
