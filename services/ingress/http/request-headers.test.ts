import { describe, expect, test } from "vitest"
import { readRequestHeaders } from "./request-headers.ts"

const read = (headers: ReadonlyArray<readonly [string, string]>) => readRequestHeaders(headers.flat())

describe("the headers for the upstream", () => {
  test("are those of the client without its credentials, its hop and what the proxy asks for itself", () => {
    const { forwarded } = read([
      ["Host", "localhost:8787"],
      ["Authorization", "Bearer client-key"],
      ["X-Api-Key", "client-key"],
      ["Cookie", "session=1"],
      ["Content-Length", "10"],
      ["Accept-Encoding", "gzip"],
      ["Transfer-Encoding", "chunked"],
      ["Expect", "100-continue"],
      ["TE", "trailers"],
      ["Upgrade", "h2c"],
      ["Proxy-Authorization", "Basic x"],
      ["X-Sluice-Session", "s"],
      ["User-Agent", "sdk/1"],
      ["Anthropic-Version", "2023-06-01"],
      ["X-Unknown", "kept"],
    ])
    expect(forwarded).toEqual(["user-agent", "sdk/1", "anthropic-version", "2023-06-01", "x-unknown", "kept"])
  })

  test.each([
    "access-control-request-method",
    "anthropic-organization-id",
    "anthropic-workspace-id",
    "baggage",
    "cdn-loop",
    "cf-connecting-ip",
    "cf-ray",
    "chatgpt-account-id",
    "client-ip",
    "fly-client-ip",
    "forwarded",
    "from",
    "http-referer",
    "ocp-apim-subscription-key",
    "openai-organization",
    "openai-project",
    "origin",
    "referer",
    "sec-fetch-site",
    "true-client-ip",
    "via",
    "x-amz-date",
    "x-amz-security-token",
    "x-android-package",
    "x-anthropic-api-key",
    "x-auth-token",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-dashscope-workspace",
    "x-firebase-appcheck",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-goog-authenticated-user-email",
    "x-goog-iam-authorization-token",
    "x-goog-user-project",
    "x-http-method-override",
    "x-ios-bundle-identifier",
    "x-ms-client-principal-id",
    "x-openwebui-user-email",
    "x-original-host",
    "x-real-ip",
    "x-remote-addr",
    "x-tenant-id",
    "x-vercel-forwarded-for",
    "x-vercel-ip-country",
  ])("leave out %s, which speaks of who the client is or of its way here", (name) => {
    expect(read([[name.toUpperCase(), "1"]]).forwarded).toEqual([])
  })

  test.each([
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "conversation_id",
    "idempotency-key",
    "openai-beta",
    "originator",
    "traceparent",
    "user-agent",
    "x-app",
    "x-client-request-id",
    "x-codex-turn-metadata",
    "x-goog-api-client",
    "x-stainless-package-version",
    "x-title",
  ])("keep %s", (name) => {
    expect(read([[name, "1"]]).forwarded).toEqual([name, "1"])
  })

  test("leave out whatever `connection` names", () => {
    const { forwarded } = read([
      ["connection", "keep-alive, X-Hop"],
      ["x-hop", "1"],
      ["x-kept", "x-hop"],
      ["Connection", "X-Second"],
      ["x-second", "2"],
    ])
    expect(forwarded).toEqual(["x-kept", "x-hop"])
  })
})

describe("the headers that name a session (B5)", () => {
  test("are read, and all but the proxy's own pass", () => {
    const headers = read([
      ["X-Sluice-Session", "s1"],
      ["Session_Id", "s2"],
      ["X-Claude-Code-Session-Id", "s3"],
    ])
    expect(headers).toMatchObject({ session: "s1", sessionId: "s2", claudeCodeSession: "s3" })
    expect(headers.forwarded).toEqual(["session_id", "s2", "x-claude-code-session-id", "s3"])
  })
})

describe("the client's key", () => {
  test("is a bearer, or stands in a header of its own", () => {
    expect(read([["authorization", "bearer  k1 "]]).key).toBe("k1")
    expect(read([["x-api-key", "k2"]]).key).toBe("k2")
    expect(read([["authorization", "Basic abc"]]).key).toBeUndefined()
    expect(read([]).key).toBeUndefined()
  })
})

test("a host that is this machine is known again, and one that is not stays none", () => {
  for (const host of ["localhost:1", "localhost:1", "[::1]:8787"])
    expect(read([["host", host]]).hostIsLoopback).toBe(true)
  for (const host of ["localhost:1.example.org", "example.org", ""])
    expect(read([["host", host]]).hostIsLoopback).toBe(false)
})

test("one host that is not loopback is enough", () => {
  const hosts: ReadonlyArray<readonly [string, string]> = [
    ["host", "localhost"],
    ["host", "evil.example"],
  ]
  expect(read(hosts).hostIsLoopback).toBe(false)
})
