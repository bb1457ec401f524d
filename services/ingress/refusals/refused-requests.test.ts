import { connect } from "node:net"
import { text } from "node:stream/consumers"
import type { RefusedCount } from "@sluice/events/ingress.ts"
import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { RefusedRequests } from "./refused-requests.ts"

const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }
const never = new Promise<void>(() => undefined)

describe("requests of which nobody knows who sent them (A11, S9)", () => {
  test("are counted by their code, and their answers do not wait for the log", async () => {
    const ingress = await startScriptedIngress({
      places: [placeAt("http://127.0.0.1:9")],
      admission: { completed: () => never },
      options: {
        keysRequired: () => true,
        authenticate: (key) => (key === "good" ? "alice" : undefined),
        limits: { headerBytes: 4_096 },
      },
    })
    const statusOf = async (given: Parameters<typeof call>[1]) => (await call(ingress.url, given)).status
    expect(await statusOf({ body })).toBe(401)
    expect(await statusOf({ body, headers: { "x-api-key": "bad" } })).toBe(401)
    expect(await statusOf({ path: "/v1/models", method: "GET" })).toBe(401)
    expect(await statusOf({ path: "/v1/nothing", body })).toBe(404)
    expect(await statusOf({ method: "GET" })).toBe(405)
    for (const [head, line] of [
      [`POST /v1/completions HTTP/1.1\r\nx-big: ${"a".repeat(9_000)}\r\n\r\n`, "HTTP/1.1 431 "],
      ["hello\r\n\r\n", "HTTP/1.1 400 "],
    ] as const) {
      const socket = connect(ingress.port, "127.0.0.1")
      socket.write(head)
      expect(await text(socket)).toContain(line)
    }
    await ingress[Symbol.asyncDispose]()
    expect(ingress.admission.completed).toEqual([])
    expect(ingress.refused.map(({ client, code, status, count }) => [client, code, status, count])).toEqual([
      ["", "invalid_client_key", 401, 3],
      ["", "not_found", 404, 1],
      ["", "method_not_allowed", 405, 1],
      ["", "headers_too_large", 431, 1],
      ["", "malformed_request", 400, 1],
    ])
  })

  test("are told of once a second, however many they are", async () => {
    const { promise, resolve } = Promise.withResolvers<ReadonlyArray<RefusedCount>>()
    const refused = new RefusedRequests({ now: () => 7, record: resolve })
    for (let n = 0; n < 10_000; n += 1) refused.takes({ client: "", code: "not_found", status: 404 })
    expect(await promise).toEqual([{ client: "", code: "not_found", status: 404, since: 7, count: 10_000 }])
  })
})

describe("requests of a client that are refused before they are routed (A11)", () => {
  test("have stories of their own up to a hundred a second for each code, and are counted beyond", () => {
    const recorded: Array<RefusedCount> = []
    const refused = new RefusedRequests({ now: () => 7, record: (counts) => recorded.push(...counts) })
    const told = (client: string, code: string) =>
      Array.from({ length: 150 }, () => refused.takes({ client, code, status: 400 })).filter((is) => !is)
    expect(told("alice", "invalid_body")).toHaveLength(100)
    expect(told("alice", "invalid_deadline")).toHaveLength(100)
    expect(told("bob", "invalid_body")).toHaveLength(100)
    refused.flush()
    expect(recorded.map(({ client, code, count }) => [client, code, count])).toEqual([
      ["alice", "invalid_body", 50],
      ["alice", "invalid_deadline", 50],
      ["bob", "invalid_body", 50],
    ])
    expect(told("alice", "invalid_body")).toHaveLength(100)
    refused.flush()
  })

  test("and not beyond a hundred a second are recorded one by one", async () => {
    const ingress = await startScriptedIngress({ places: [placeAt("http://127.0.0.1:9")] })
    expect((await call(ingress.url, { body: "no JSON" })).status).toBe(400)
    await ingress[Symbol.asyncDispose]()
    expect([ingress.admission.completed.length, ingress.refused]).toEqual([1, []])
  })
})
