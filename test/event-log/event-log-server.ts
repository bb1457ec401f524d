import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { until } from "../until.ts"

/** A NATS server of one test, on a port and a directory of its own, that can be frozen and killed. */
export interface PrivateNats extends AsyncDisposable {
  readonly url: string
  readonly dataDir: string
  /** Stops it from running, with its connections open (SIGSTOP). */
  freeze(): Promise<void>
  thaw(): void
  /** Ends it without a warning (SIGKILL). */
  kill(): Promise<void>
  /** Starts it again with the same port and directory. */
  restart(): Promise<void>
}

const run = promisify(execFile)

/** True if a stop signal is obeyed yet: it is not when it is sent. */
const isStopped = async (pid: number): Promise<boolean> => {
  if (process.platform === "linux") return (await readFile(`/proc/${pid}/stat`, "utf8")).includes(") T ")
  return (await run("ps", ["-o", "state=", "-p", String(pid)])).stdout.trim().startsWith("T")
}

/** Starts a server for one test. */
export const startPrivateNats = async (): Promise<PrivateNats> => {
  const dataDir = await mkdtemp(join(tmpdir(), "sluice-log-"))
  let server = await startNatsServer({ dataDir, port: 0 })
  const { url, port } = server
  const kill = async () => {
    server.process.kill("SIGKILL")
    await server.exited
  }
  return {
    url,
    dataDir,
    freeze: async () => {
      server.process.kill("SIGSTOP")
      await until(() => isStopped(server.pid), "nats-server stands still")
    },
    thaw: () => void server.process.kill("SIGCONT"),
    kill,
    restart: async () => {
      server = await startNatsServer({ dataDir, port })
    },
    [Symbol.asyncDispose]: async () => {
      await kill()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
