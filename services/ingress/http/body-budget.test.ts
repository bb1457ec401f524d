import { once } from "node:events"
import { connect } from "node:net"
import { describe, expect, test } from "vitest"
import { call, OpenCall, until } from "../testing/client.ts"
import { placeAt, type ScriptedIngressOptions, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"
import { BodyBudget, bodyBudgetOf } from "./body-budget.ts"

const small = 64 * 1024
const mega = 1024 * 1024

describe("the budget of bodies", () => {
  const codeOf = (refused: ReturnType<ReturnType<BodyBudget["open"]>["grow"]>) =>
    refused === undefined ? "room" : `${refused.status} ${refused.code}`

  test("gives one client half of it, and another one half of the rest", () => {
    const budget = new BodyBudget(() => 8 * mega)
    expect(codeOf(budget.open("a").grow(4 * mega))).toBe("room")
    expect(codeOf(budget.open("a").grow(mega))).toBe("429 body_budget_exceeded")
    expect(codeOf(budget.open("b").grow(3 * mega))).toBe("503 body_budget_exceeded")
    expect(codeOf(budget.open("b").grow(2 * mega))).toBe("room")
    expect(codeOf(budget.open("c").grow(mega))).toBe("room")
    expect(budget.heldBytes).toBe(7 * mega)
  })

  test("has room for a small body at any time, and counts it", () => {
    const budget = new BodyBudget(() => mega)
    for (let n = 0; n < 100; n += 1) expect(budget.open("a").grow(small)).toBeUndefined()
    expect(budget.heldBytes).toBe(100 * small)
    expect(codeOf(budget.open("a").grow(small + 1))).toBe("429 body_budget_exceeded")
  })

  test("counts a body once as it grows, and gives its room back once", () => {
    const budget = new BodyBudget(() => 8 * mega)
    const room = budget.open("a")
    for (const bytes of [10, mega, 5, 2 * mega]) room.grow(bytes)
    expect(budget.heldBytes).toBe(2 * mega)
    expect(codeOf(room.grow(5 * mega))).toBe("429 body_budget_exceeded")
    expect(budget.heldBytes).toBe(2 * mega)
    room.release()
    room.release()
    room.grow(mega)
    expect(budget.heldBytes).toBe(0)
  })

  test("is four of the largest bodies at least", () => {
    expect(bodyBudgetOf({ bodyLimitBytes: 32 * mega })).toBe(512 * mega)
    expect(bodyBudgetOf({ bodyLimitBytes: 32 * mega, bodyBudgetBytes: 1 })).toBe(128 * mega)
  })
})

describe("through the proxy", () => {
  const body = (bytes: number) => JSON.stringify({ model: "m1", messages: [{ content: "x".repeat(bytes) }] })
  const codeOf = ({ body: bytes }: { body: Buffer }): string => JSON.parse(bytes.toString()).error.code
  const start = (given: Partial<ScriptedIngressOptions> = {}) =>
    startScriptedIngress({
      places: [placeAt("http://127.0.0.1:9")],
      ...given,
      options: {
        keysRequired: () => true,
        authenticate: (key) => key,
        bodyBudgetBytes: () => 4 * mega,
        ...given.options,
      },
    })

  test("a client whose bodies wait gets 429 for one more, others and small bodies are served, and the end gives the room back", async () => {
    const gates: Array<() => void> = []
    await using upstream = await startScriptedUpstream((response) =>
      gates.push(() => sendJson(response, 200, {})),
    )
    await using ingress = await start({ places: [placeAt(upstream.url)] })
    const open = (key: string, bytes: number) =>
      new OpenCall(ingress.url, { headers: { "x-api-key": key }, body: body(bytes) })
    const waiting = [open("a", mega * 0.9), open("a", mega * 0.9)]
    await until(() => gates.length === 2, "both run")
    const refused = await open("a", mega * 0.9).answer()
    expect([refused.status, codeOf(refused), refused.headers["x-should-retry"]]).toEqual([
      429,
      "body_budget_exceeded",
      "false",
    ])
    waiting.push(open("a", 1_000), open("b", mega * 0.9))
    await until(() => gates.length === 4, "a small one and another client's run")
    const others = await open("c", mega * 0.9).answer()
    expect([others.status, codeOf(others), others.headers["retry-after"]]).toEqual([
      503,
      "body_budget_exceeded",
      "1",
    ])
    for (const answer of gates) answer()
    for (const one of waiting) expect((await one.answer()).status).toBe(200)
    await until(() => ingress.server.heldBodyBytes === 0, "all room is given back")
  })

  test.each([
    ["is no JSON", { body: `{"model":"m1",${"x".repeat(200_000)}` }, 400],
    ["names no model", { body: JSON.stringify({ text: "x".repeat(200_000) }) }, 400],
    [
      "names an unknown model",
      { body: JSON.stringify({ model: "unknown", text: "x".repeat(200_000) }) },
      404,
    ],
    ["is too large", { body: body(2 * mega), headers: { "transfer-encoding": "chunked" } }, 413],
    ["comes with a bad deadline", { body: body(200_000), headers: { "x-sluice-deadline-ms": "x" } }, 400],
    ["reaches no upstream", { body: body(200_000) }, 502],
  ])("a request that %s gives its room back", async (_, given, status) => {
    await using ingress = await start()
    const headers = { "x-api-key": "a", ...("headers" in given ? given.headers : {}) }
    expect((await call(ingress.url, { ...given, headers })).status).toBe(status)
    await until(() => ingress.server.active === 0, "it is over")
    expect(ingress.server.heldBodyBytes).toBe(0)
  })

  test("a client that leaves in the middle of its body gives its room back, which was what it declared", async () => {
    await using ingress = await start()
    const socket = connect(ingress.port, "127.0.0.1")
    socket.on("error", () => undefined)
    socket.write(
      'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-api-key: a\r\ncontent-length: 1000000\r\n\r\n{"model":',
    )
    await until(() => ingress.server.heldBodyBytes === 1_000_000, "the whole body is counted")
    socket.destroy()
    await until(() => ingress.server.active === 0, "it is over")
    expect(ingress.server.heldBodyBytes).toBe(0)
  })

  test("a body of very many small pieces takes no more room than its bytes, twice at most", async () => {
    await using ingress = await start()
    const socket = connect(ingress.port, "127.0.0.1")
    socket.write(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx-api-key: a\r\ntransfer-encoding: chunked\r\n\r\n",
    )
    const text = body(100_000)
    for (const byte of text) socket.write(`1\r\n${byte}\r\n`)
    await until(() => ingress.server.heldBodyBytes > 65_536, "it grows")
    expect(ingress.server.heldBodyBytes).toBeLessThanOrEqual(2 * text.length)
    socket.write("0\r\n\r\n")
    const [first] = await once(socket, "data")
    expect(String(first)).toMatch(/^HTTP\/1.1 502 /)
    socket.destroy()
  })
})
