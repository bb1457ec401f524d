import { describe, expect, test } from "vitest"
import { EchoMask, headersWithoutEcho, withoutEcho } from "./credential-echo.ts"

const credential = "sk-proj-7Qe/9+xZ=aB3dE5fG7hJ9kL1mN3pQ5r"
const escapedInJson = Array.from(credential, (one) => `\\u00${one.charCodeAt(0).toString(16)}`).join("")

describe("a credential in a text", () => {
  test.each([
    ["as it is", credential],
    ["as a bearer", `Bearer ${credential}`],
    ["percent-encoded", encodeURIComponent(credential)],
    ["percent-encoded in lower case", encodeURIComponent(credential).toLowerCase()],
    ["with slashes that JSON escapes", credential.replaceAll("/", "\\/")],
    ["with every character escaped in JSON", escapedInJson],
    ["in capitals", credential.toUpperCase()],
    ["cut short", credential.slice(0, 24)],
  ])("is masked %s, and nothing around it", (_, echo) => {
    const masked = withoutEcho(`invalid: <${echo}> and <${echo}>`, credential)
    expect(masked).toMatch(/^invalid: <(Bearer )?\*+> and <(Bearer )?\*+>$/)
    expect(masked).toHaveLength(`invalid: <${echo}> and <${echo}>`.length)
  })

  test("is left alone where it only begins like one, or is too short to be a secret", () => {
    expect(withoutEcho("sk-proj-7Qe", credential)).toBe("sk-proj-7Qe")
    expect(withoutEcho("a demo of it", "demo")).toBe("a demo of it")
  })

  test("is masked in a header's name and in each of its values", () => {
    const name = `x-ratelimit-${credential.toLowerCase()}`
    const masked = JSON.stringify(
      headersWithoutEcho({ [name]: ["1", `k=${credential}`], a: undefined }, credential),
    )
    expect(masked.toLowerCase()).not.toContain(credential.toLowerCase())
    expect(masked).toContain("k=***")
  })
})

describe("a credential in a body that comes in chunks", () => {
  const masked = (text: string, sizes: ReadonlyArray<number>): ReadonlyArray<string> => {
    const mask = EchoMask.for(credential)
    if (mask === undefined) throw new Error("there is a secret to look for")
    const chunks: string[] = []
    let at = 0
    for (const size of [...sizes, text.length]) {
      chunks.push(mask.take(Buffer.from(text.slice(at, at + size))).toString())
      at += size
    }
    return [...chunks, mask.rest()?.toString() ?? ""]
  }

  test("is masked wherever it is cut, and the length stays", () => {
    const text = `{"text":"${credential}","more":"${encodeURIComponent(credential)}sk-"}`
    const whole = text
      .replaceAll(credential, "*".repeat(credential.length))
      .replaceAll(encodeURIComponent(credential), "*".repeat(encodeURIComponent(credential).length))
    for (let cut = 0; cut <= text.length; cut += 1) expect(masked(text, [cut]).join("")).toBe(whole)
    expect(
      masked(
        text,
        Array.from({ length: text.length }, () => 1),
      ).join(""),
    ).toBe(whole)
  })

  test.each(["", "not-needed", "sk-no-key-required"])(
    "is not looked for where it is but a placeholder (%j)",
    (placeholder) => {
      expect(EchoMask.for(placeholder)).toBeUndefined()
    },
  )

  test("waits only where a chunk ends like the begin of one", () => {
    expect(masked("data: sk-p\n\nmore", [12, 4])).toEqual(["data: sk-p\n\n", "more", "", ""])
    expect(masked("it ends in sk-p", [15])).toEqual(["it ends in ", "", "sk-p"])
  })
})
