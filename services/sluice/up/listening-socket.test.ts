import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { Effect, type Scope } from "effect"
import { afterEach, expect, test } from "vitest"
import type { CommandFailed } from "../failure.ts"
import { type ListeningSocket, openSocket } from "./listening-socket.ts"

const started: Array<ChildProcess> = []
afterEach(() => void started.splice(0).map((one) => one.kill("SIGKILL")))

const script = `require("node:http").createServer((_, answer) => answer.end(String(process.pid)))
  .listen({ fd: 4 }, 4096, () => process.send("ready"))`

/** A process that answers on the socket that it inherits with its own id. */
const startServer = async ({ fd }: ListeningSocket) => {
  const child = spawn(process.execPath, ["-e", script], {
    stdio: ["ignore", "ignore", "inherit", "ipc", fd],
  })
  started.push(child)
  await once(child, "message")
  return child
}

const run = <A>(use: Effect.Effect<A, CommandFailed, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(use))

const ask = async ({ port }: ListeningSocket) =>
  (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text()

test("connections that come while the one who accepts them is dead wait for the next one, and none is refused", () =>
  run(
    Effect.gen(function* () {
      const socket = yield* openSocket("127.0.0.1", 0)
      yield* Effect.promise(async () => {
        const first = await startServer(socket)
        expect(await ask(socket)).toBe(String(first.pid))
        first.kill("SIGKILL")
        await once(first, "exit")
        const waiting = Array.from({ length: 20 }, () => ask(socket))
        const second = await startServer(socket)
        expect(new Set(await Promise.all(waiting))).toEqual(new Set([String(second.pid)]))
        socket.close()
        second.kill("SIGKILL")
        await once(second, "exit")
        await expect(ask(socket)).rejects.toThrow("fetch failed")
      })
    }),
  ))

test("a port that is taken, an address that is not this machine's and a host that nobody knows are told in one line", async () => {
  await using taken = createServer().listen(0, "127.0.0.1")
  await once(taken, "listening")
  const address = taken.address()
  const port = typeof address === "object" ? (address?.port ?? 0) : 0
  await expect(run(openSocket("127.0.0.1", port))).rejects.toThrow(
    `port ${port} on 127.0.0.1 is taken by another program: choose one with --port`,
  )
  await expect(run(openSocket("192.0.2.1", 0))).rejects.toThrow(
    "port 0 on 192.0.2.1 is at an address that this machine does not have: choose one with --host",
  )
  await expect(run(openSocket("host.invalid", 0))).rejects.toThrow(
    /^port 0 on host\.invalid (is at a host that is not known|cannot be listened on)/,
  )
})
