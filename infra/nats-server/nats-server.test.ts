import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, readFileSync, renameSync } from "node:fs"
import { mkdtempDisposable } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { afterEach, expect, test, vi } from "vitest"
import { DirectoryInUse } from "../directory-lock/directory-lock.ts"
import { processIdentity } from "../process/process-identity.ts"
import { NatsServerFailed, startNatsServer } from "./nats-server.ts"

const temporaryDirectory = () => mkdtempDisposable(join(tmpdir(), "sluice-nats-"))

afterEach(() => void vi.unstubAllEnvs())

test("a server listens on a free port of the loopback interface, takes messages of 8 MB and ends when it is stopped", async () => {
  await using folder = await temporaryDirectory()
  await using server = await startNatsServer({ dataDir: folder.path, port: 0 })
  expect(server.url).toBe(`nats://127.0.0.1:${server.port}`)
  const connection = await connect({ servers: server.url })
  expect(connection.info?.max_payload).toBe(8 * 1024 * 1024)
  expect(connection.info?.jetstream).toBe(true)
  await connection.close()
  await server.stop()
  expect(await server.exited).toEqual({ code: 0, signal: null })
  await expect(connect({ servers: server.url, timeout: 500, reconnect: false })).rejects.toThrow(
    "connection refused",
  )
})

test.each(["1s", "always"] as const)(
  "what was stored with fsync %s is there after a restart",
  async (fsync) => {
    await using folder = await temporaryDirectory()
    {
      await using server = await startNatsServer({ dataDir: folder.path, port: 0, fsync })
      await using connection = await connect({ servers: server.url })
      await (await jetstreamManager(connection)).streams.add({ name: "KEPT", subjects: ["kept"] })
      await jetstream(connection).publish("kept", "here")
    }
    await using server = await startNatsServer({ dataDir: folder.path, port: 0, fsync })
    await using connection = await connect({ servers: server.url })
    const stored = await (await jetstreamManager(connection)).streams.getMessage("KEPT", { seq: 1 })
    expect(stored?.string()).toBe("here")
  },
)

test("a second server on a directory that is in use is refused, and the first goes on", async () => {
  await using folder = await temporaryDirectory()
  await using server = await startNatsServer({ dataDir: folder.path, port: 0 })
  await expect(startNatsServer({ dataDir: folder.path, port: 0 })).rejects.toThrow(DirectoryInUse)
  await using connection = await connect({ servers: server.url })
  expect(connection.isClosed()).toBe(false)
})

/** Starts a server in a process of its own. */
const startElsewhere = async (dataDir: string) => {
  const module = join(import.meta.dirname, "nats-server.ts")
  const script = `const { startNatsServer } = await import(${JSON.stringify(module)})
    const server = await startNatsServer({ dataDir: ${JSON.stringify(dataDir)}, port: 0 })
    console.log(server.pid); process.on("SIGTERM", () => server.stop())`
  const starter = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [line] = await once(starter.stdout, "data")
  return { starter, pid: Number(line) }
}

test("a server ends within seconds when its starter is killed", async () => {
  await using folder = await temporaryDirectory()
  const { starter, pid } = await startElsewhere(folder.path)
  starter.kill("SIGKILL")
  await once(starter, "exit")
  await vi.waitUntil(() => processIdentity(pid) === undefined, 30_000)
  expect(readFileSync(join(folder.path, "nats-server.log"), "utf8")).toContain("Server Exiting")
})

test("a copy of a directory whose server runs starts a server of its own, and the first goes on", async () => {
  await using folder = await temporaryDirectory()
  const [original, copy, moved] = ["original", "copy", "moved"].map((name) => join(folder.path, name))
  const { starter, pid } = await startElsewhere(original ?? "")
  cpSync(original ?? "", copy ?? "", { recursive: true })
  {
    await using other = await startNatsServer({ dataDir: copy ?? "", port: 0 })
    expect(other.pid).not.toBe(pid)
    expect(processIdentity(pid)).toBeDefined()
  }
  // The same where the copy takes the place of the original.
  renameSync(original ?? "", moved ?? "")
  cpSync(moved ?? "", original ?? "", { recursive: true })
  {
    await using other = await startNatsServer({ dataDir: original ?? "", port: 0 })
    expect(other.pid).not.toBe(pid)
    expect(processIdentity(pid)).toBeDefined()
  }
  starter.kill("SIGTERM")
  await once(starter, "exit")
})

test("a server whose starter was killed is ended by the next start on its directory (S2)", async () => {
  await using folder = await temporaryDirectory()
  const { starter, pid: orphan } = await startElsewhere(folder.path)
  starter.kill("SIGKILL")
  await once(starter, "exit")
  await using server = await startNatsServer({ dataDir: folder.path, port: 0 })
  expect(server.pid).not.toBe(orphan)
  const log = readFileSync(join(folder.path, "nats-server.log"), "utf8")
  expect(log).toMatch(new RegExp(`\\[${orphan}\\].* Server Exiting`))
})

test("a server that cannot start says why in one line, and its directory is free again", async () => {
  await using folder = await temporaryDirectory()
  await using taken = createServer().listen(0, "127.0.0.1")
  await once(taken, "listening")
  const address = taken.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const failed = startNatsServer({ dataDir: folder.path, port })
  await expect(failed).rejects.toThrow(NatsServerFailed)
  await expect(failed).rejects.toThrow(/^nats-server ended at its start: .*address already in use"$/)
  await using server = await startNatsServer({ dataDir: folder.path, port: 0 })
  expect(server.port).not.toBe(port)
})

test("where no server is installed the error says what to run", async () => {
  await using folder = await temporaryDirectory()
  vi.stubEnv("SLUICE_NATS_SERVER", join(folder.path, "absent"))
  await expect(startNatsServer({ dataDir: folder.path, port: 0 })).rejects.toThrow('run "npm run setup" once')
})
