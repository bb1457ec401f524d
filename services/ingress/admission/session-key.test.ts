import { mkdtempDisposable } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openInstallationSecret } from "@sluice/infra/identity/installation-secret.ts"
import { describe, expect, test } from "vitest"
import { readRequestHeaders } from "../http/request-headers.ts"
import { anthropic } from "../providers/anthropic/anthropic.ts"
import { openai } from "../providers/openai/openai.ts"
import type { Dialect } from "../providers/protocol.ts"
import { type Call, call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"
import { createSessionIds, readSessionKey } from "./session-key.ts"

const uuid = "0b9f8b1e-7c1d-4f5e-9a55-1d3f8e2c4b6a"
const ofUser = (userId: unknown) => ({ metadata: { user_id: userId } })
const longest = "k".repeat(512)
const tooLong = "k".repeat(513)

const read = (
  protocol: Dialect,
  headers: Readonly<Record<string, string>>,
  json: Readonly<Record<string, unknown>>,
) => {
  const found = readSessionKey(readRequestHeaders(Object.entries(headers).flat()), protocol, json)
  return found === undefined ? "none" : `${found.source}: ${found.key}`
}

describe("the key of a session (B5)", () => {
  const headers = { "x-claude-code-session-id": "h3", session_id: "h2", "x-sluice-session": "h1" }
  const { "x-sluice-session": _, ...sessionHeaders } = headers

  test("in an Anthropic request is the proxy's header, then the session of the user's id, then the session's headers", () => {
    const json = ofUser(`user_1_account_2_session_${uuid}`)
    expect(read(anthropic, headers, json)).toBe("header: h1")
    expect(read(anthropic, sessionHeaders, json)).toBe(`metadata_user_id: ${uuid}`)
    expect(read(anthropic, sessionHeaders, {})).toBe("session_header: h2")
    expect(read(anthropic, { "x-claude-code-session-id": "h3" }, {})).toBe("session_header: h3")
  })

  test("in an OpenAI request is the proxy's header, then the session's headers, then the cache's key, then the user", () => {
    const json = { prompt_cache_key: "cached", user: "someone" }
    expect(read(openai, headers, json)).toBe("header: h1")
    expect(read(openai, sessionHeaders, json)).toBe("session_header: h2")
    expect(read(openai, {}, json)).toBe("prompt_cache_key: cached")
    expect(read(openai, {}, { user: "someone" })).toBe("user: someone")
  })

  test("is read in no other protocol's fields", () => {
    expect(read(anthropic, {}, { prompt_cache_key: "cached", user: "someone" })).toBe("none")
    expect(read(openai, {}, ofUser(`_session_${uuid}`))).toBe("none")
  })

  test.each([
    [`user_ab_account__session_${uuid}`, uuid],
    [`_session_${uuid.toUpperCase()}`, uuid.toUpperCase()],
    [JSON.stringify({ device_id: "d", account_uuid: "a", session_id: "s-1" }), "s-1"],
  ])("is found in the user's id %j", (userId, key) => {
    expect(read(anthropic, {}, ofUser(userId))).toBe(`metadata_user_id: ${key}`)
  })

  test.each([
    "someone",
    `user_session_${uuid}_and_more`,
    `session_${uuid}`,
    "user_session_0b9f8b1e",
    "{}",
    "{session_id}",
    JSON.stringify({ session_id: 7 }),
    JSON.stringify({ session_id: "" }),
    { session_id: "s-1" },
    null,
  ])("is not found in the user's id %j", (userId) => {
    expect(read(anthropic, {}, ofUser(userId))).toBe("none")
  })

  test.each([{ metadata: null }, { metadata: "text" }, { metadata: [] }, { metadata: {} }])(
    "is not found in %j",
    (json) => expect(read(anthropic, {}, json)).toBe("none"),
  )

  test("may have 512 characters; a longer, an empty one or one that is no text makes room for the next", () => {
    expect(read(openai, { "x-sluice-session": longest }, {})).toBe(`header: ${longest}`)
    for (const unusable of [tooLong, ""]) {
      expect(read(openai, { "x-sluice-session": unusable, session_id: "h2" }, {})).toBe("session_header: h2")
      const inHeaders = { session_id: unusable, "x-claude-code-session-id": "h3" }
      expect(read(openai, inHeaders, {})).toBe("session_header: h3")
      expect(read(openai, {}, { prompt_cache_key: unusable, user: "someone" })).toBe("user: someone")
      expect(read(openai, {}, { user: unusable })).toBe("none")
    }
    const json = ofUser(JSON.stringify({ session_id: tooLong }))
    expect(read(anthropic, { session_id: "h2" }, json)).toBe("session_header: h2")
    expect(read(openai, {}, { prompt_cache_key: 7, user: { name: "someone" } })).toBe("none")
  })
})

describe("the id of a session", () => {
  const idOf = createSessionIds(Buffer.alloc(32, 1))
  const owner = { client: "alice", pool: "p1", key: "k" }

  test("is 16 hex digits of an HMAC under the installation's secret", () => {
    // printf 'alice\0p1\0k' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01
    expect(idOf(owner)).toBe("371ed5ac6cee8b91")
    expect(createSessionIds(Buffer.alloc(32, 2))(owner)).not.toBe(idOf(owner))
  })

  test("is another one for another client, pool or key", () => {
    const others = [
      { ...owner, client: "bob" },
      { ...owner, pool: "p2" },
      { ...owner, key: "K" },
    ]
    expect(new Set([owner, ...others].map(idOf)).size).toBe(4)
  })

  test("is the same after a restart with the same secret", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-session-"))
    const file = join(folder.path, "session.key")
    const before = createSessionIds(await openInstallationSecret(file))(owner)
    expect(createSessionIds(await openInstallationSecret(file))(owner)).toBe(before)
  })
})

describe("through the proxy", () => {
  const body = { model: "m1", messages: [{ role: "user", content: "hello" }] }
  const start = async () => {
    const upstream = await startScriptedUpstream((response) => sendJson(response, 200, {}))
    const ingress = await startScriptedIngress({
      places: [placeAt(upstream.url)],
      options: {
        keysRequired: () => true,
        authenticate: (key) => key,
        sessionIdOf: createSessionIds(Buffer.alloc(32, 1)),
      },
    })
    const send = (client: string, made: Pick<Call, "path" | "headers" | "body"> = {}) =>
      call(ingress.url, { body, ...made, headers: { authorization: `Bearer ${client}`, ...made.headers } })
    return {
      upstream,
      admission: ingress.admission,
      send,
      [Symbol.asyncDispose]: async () => {
        await ingress[Symbol.asyncDispose]()
        await upstream[Symbol.asyncDispose]()
      },
    }
  }

  test("the session is admitted with its request and stands in its end", async () => {
    await using both = await start()
    await both.send("alice", { headers: { "x-sluice-session": "k" } })
    await both.send("alice", { path: "/v1/messages", body: { ...body, ...ofUser(`_session_${uuid}`) } })
    await both.send("alice", { body: { ...body, prompt_cache_key: "k" } })
    const admitted = both.admission.asked.map(({ request }) => request.session)
    expect(admitted.map((session) => session?.source)).toEqual([
      "header",
      "metadata_user_id",
      "prompt_cache_key",
    ])
    expect(admitted[0]).toEqual({ id: "371ed5ac6cee8b91", source: "header" })
    expect(admitted[2]?.id).toBe(admitted[0]?.id)
    expect(
      both.admission.completed.map(({ session, sessionSource }) => ({ id: session, source: sessionSource })),
    ).toEqual(admitted)
  })

  test("the same key of two clients names two sessions", async () => {
    await using both = await start()
    for (const client of ["alice", "bob", "alice"])
      await both.send(client, { headers: { "x-sluice-session": "k" } })
    const [alice, bob, again] = both.admission.asked.map(({ request }) => request.session?.id)
    expect(bob).toMatch(/^[0-9a-f]{16}$/)
    expect(bob).not.toBe(alice)
    expect(again).toBe(alice)
  })

  test("a request without a key has no session, and says nothing of one in the log", async () => {
    await using both = await start()
    await both.send("alice")
    await both.send("alice", { headers: { "x-sluice-session": tooLong } })
    expect(both.admission.asked.map(({ request }) => request.session)).toEqual([null, null])
    for (const completed of both.admission.completed) {
      expect(completed).not.toHaveProperty("session")
      expect(completed).not.toHaveProperty("sessionSource")
    }
  })

  test("a request that no pool serves has no session", async () => {
    await using both = await start()
    const refused = await both.send("alice", { body: { ...body, model: "unknown", user: "someone" } })
    expect(refused.status).toBe(404)
    expect(both.admission.completed[0]).not.toHaveProperty("session")
  })

  test("the proxy's own header stays here, those of the client's programs and the body pass", async () => {
    await using both = await start()
    const headers = { "x-sluice-session": "k", session_id: "s2", "x-claude-code-session-id": "s3" }
    const sent = { ...body, prompt_cache_key: "cached", user: "someone" }
    await both.send("alice", { headers, body: sent })
    const [seen] = both.upstream.seen
    expect(seen?.headers).toMatchObject({ session_id: "s2", "x-claude-code-session-id": "s3" })
    expect(seen?.headers).not.toHaveProperty("x-sluice-session")
    expect(JSON.parse(String(seen?.body))).toEqual(sent)
  })
})
