import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import { call } from "../testing/client.ts"
import { placeAt, startScriptedIngress } from "../testing/scripted-ingress.ts"
import { type Script, sendJson, startScriptedUpstream } from "../testing/scripted-upstream.ts"

const body = JSON.stringify({ model: "m1", messages: [{ role: "user", content: "hello" }] })
const usage = { usage: { prompt_tokens: 1, completion_tokens: 1 } }

/** Calls once and gives what the only attempt was released with. */
const releasedAfter = async (script: Script) => {
  await using upstream = await startScriptedUpstream(script)
  await using ingress = await startScriptedIngress({
    places: [placeAt(upstream.url)],
    pool: { retries: { attempts: 1, sameAccount: 0 } },
  })
  const { status } = await call(ingress.url, { body })
  return { status, released: ingress.admission.released }
}

const error = (code: string | null) => ({
  error: { message: "the upstream's own words", type: "invalid_request_error", param: null, code },
})

describe("a failed attempt is released", () => {
  test.each([401, 402, 403])("after a %i with a name of the body that was refused (C7)", async (status) => {
    const { released } = await releasedAfter((response) => sendJson(response, status, error(null)))
    const fingerprint = createHash("sha256").update(body).digest("hex").slice(0, 8)
    expect(released).toMatchObject([{ outcome: "upstream_error", status, fingerprint }])
    expect(released[0]).not.toHaveProperty("credentialRefused")
  })

  test("with what the answer says of the credential (C7)", async () => {
    const { released } = await releasedAfter((response) => sendJson(response, 401, error("invalid_api_key")))
    expect(released[0]?.credentialRefused).toEqual({
      evidence: { "error.type": "invalid_request_error", "error.code": "invalid_api_key" },
      summary: "401 invalid_request_error invalid_api_key",
    })
  })

  test("with the model that is not known, and the client hears of it (C7)", async () => {
    const { status, released } = await releasedAfter((response) =>
      sendJson(response, 404, error("model_not_found")),
    )
    expect([status, released[0]?.isModelUnknown]).toEqual([404, true])
    expect(released[0]).not.toHaveProperty("fingerprint")
  })

  test("with none of that after any other failure", async () => {
    const { released } = await releasedAfter((response) => sendJson(response, 404, error(null)))
    expect(Object.keys(released[0] ?? {})).toEqual([
      "outcome",
      "status",
      "ttftMs",
      "lease",
      "account",
      "dispatched",
    ])
  })
})

describe("the end of the account's window of 5 hours (D6)", () => {
  const inAnHour = Math.floor(Date.now() / 1000) + 3_600
  const headers = { "x-codex-primary-window-minutes": "300", "x-codex-primary-reset-at": String(inAnHour) }

  test.each([200, 429, 500])("is told by an answer of status %i", async (status) => {
    const { released } = await releasedAfter((response) => sendJson(response, status, usage, headers))
    expect(released).toMatchObject([{ status, windowEndsAt: inAnHour * 1_000 }])
  })

  test("is not told where no header says it", async () => {
    const { released } = await releasedAfter((response) => sendJson(response, 200, usage))
    expect(released[0]).not.toHaveProperty("windowEndsAt")
  })
})
