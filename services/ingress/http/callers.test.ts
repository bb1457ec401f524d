import { once } from "node:events"
import { connect } from "node:net"
import { TrustedProxies } from "@sluice/infra/network/network.ts"
import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"

const neighbour = "203.0.113.9"
const start = (networks: ReadonlyArray<string>) => {
  const proxies = new TrustedProxies(networks)
  return startScriptedIngress({
    places: [placeAt("http://127.0.0.1:9")],
    options: {
      keysRequired: () => true,
      authenticate: (key) => (key === "good" ? "alice" : undefined),
      trustedProxies: () => proxies,
    },
  })
}

type Ingress = Awaited<ReturnType<typeof start>>

const ask = async (ingress: Ingress, key: string, relayedFor: string, path = "/v1/models") => {
  const headers = { "x-api-key": key, "x-forwarded-for": relayedFor }
  const {
    status,
    body,
    headers: told,
  } = await call(ingress.url, {
    path,
    method: path === "/v1/models" ? "GET" : "POST",
    headers,
  })
  const { error } = JSON.parse(body.toString()) as { error?: { code: string } }
  return { status, code: error?.code, retryAfter: told["retry-after"] }
}

describe("a neighbour with wrong keys (S9)", () => {
  test("has to pause behind a proxy that is trusted, by whatever endpoint, and nobody else has", async () => {
    await using ingress = await start(["127.0.0.1"])
    for (let n = 0; n < 10; n += 1) {
      const path = n % 2 === 0 ? "/v1/models" : "/v1/messages"
      expect((await ask(ingress, `bad-${n}`, neighbour, path)).status).toBe(401)
    }
    for (const relayedFor of [
      neighbour,
      `${neighbour}:4711`,
      `198.51.100.1, ${neighbour}`,
      `${neighbour}, 127.0.0.1`,
    ]) {
      const paused = await ask(ingress, "good", relayedFor)
      expect(paused).toMatchObject({ status: 429, code: "too_many_wrong_keys" })
      expect(Number(paused.retryAfter)).toBeGreaterThan(50)
      expect((await ask(ingress, "bad", relayedFor, "/v1/messages")).status).toBe(429)
    }
    for (const other of ["203.0.113.10", "2001:db8::1", "127.0.0.1", ""])
      expect((await ask(ingress, "good", other)).status).toBe(200)
  })

  test("is a whole network of IPv6", async () => {
    await using ingress = await start(["127.0.0.0/8"])
    for (let n = 0; n < 10; n += 1) await ask(ingress, "bad", `2001:db8:1:2::${n}`)
    expect((await ask(ingress, "good", "[2001:db8:1:2:ffff::1]:80")).status).toBe(429)
    expect((await ask(ingress, "good", "2001:db8:1:3::1")).status).toBe(200)
  })

  test("does not hold up a client of the same address whose key was right before", async () => {
    await using ingress = await start(["127.0.0.1"])
    expect((await ask(ingress, "good", neighbour)).status).toBe(200)
    for (let n = 0; n < 10; n += 1) await ask(ingress, "bad", neighbour)
    expect((await ask(ingress, "bad", neighbour)).status).toBe(429)
    expect((await ask(ingress, "good", neighbour)).status).toBe(200)
  })

  test("is nobody on this machine, whatever is written of whom it asks for", async () => {
    await using ingress = await start([])
    for (let n = 0; n < 12; n += 1) expect((await ask(ingress, "bad", neighbour)).status).toBe(401)
    expect((await ask(ingress, "good", neighbour)).status).toBe(200)
  })
})

/** Opens a connection and asks on it. Returns it, or nothing where it was closed instead. */
const opened = async (port: number) => {
  const socket = connect(port, "127.0.0.1")
  socket.on("error", () => undefined)
  socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
  const isAnswered = await Promise.race([
    once(socket, "data").then(() => true),
    once(socket, "close").then(() => false),
  ])
  return isAnswered ? socket : undefined
}

test("a neighbour gets half of the connections, and leaves room for others (S9)", async () => {
  let remoteAddress = neighbour
  const ingress = await startScriptedIngress({
    places: [placeAt("http://127.0.0.1:9")],
    options: { endsOf: () => ({ remoteAddress }), limits: { connections: 8 } },
  })
  const mine = [1, 2, 3, 4].map(() => opened(ingress.port))
  const sockets = await Promise.all(mine)
  expect(sockets.every((socket) => socket !== undefined)).toBe(true)
  expect(await opened(ingress.port)).toBeUndefined()
  remoteAddress = "203.0.113.10"
  const other = await opened(ingress.port)
  expect(other).toBeDefined()
  remoteAddress = "127.0.0.1"
  const local = await opened(ingress.port)
  expect(local).toBeDefined()
  for (const socket of [...sockets, other, local]) socket?.destroy()
  await ingress[Symbol.asyncDispose]()
})
