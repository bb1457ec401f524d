import { PassThrough } from "node:stream"
import { stripVTControlCharacters } from "node:util"
import { expect, test } from "vitest"
import { createLogger } from "./logging.ts"

const linesOf = (write: (logger: ReturnType<typeof createLogger>) => void): ReadonlyArray<string> => {
  const lines: Array<string> = []
  write(createLogger({ name: "ingress", stream: { write: (line) => void lines.push(line) } }))
  return lines
}

test("a line is JSON with the name of what wrote it", () => {
  const [line = ""] = linesOf((logger) => logger.info({ channel: "openai-1" }, "cooldown started"))
  expect(JSON.parse(line)).toMatchObject({ name: "ingress", channel: "openai-1", msg: "cooldown started" })
})

test.each(["authorization", "x-api-key", "x-goog-api-key", "credential", "key"])(
  "what stands under %s is left out, however deep it is",
  (name) => {
    const lines = linesOf((logger) => {
      logger.info({ [name]: "sk-secret" })
      logger.info({ headers: { [name]: "sk-secret" } })
      logger.info({ request: { headers: { [name]: "sk-secret" } } })
    })
    expect(lines).toHaveLength(3)
    expect(lines.join()).not.toContain("sk-secret")
  },
)

test("lines below the level are not written", () => {
  expect(linesOf((logger) => logger.debug("passed over"))).toEqual([])
})

const attack = "\u001b]0;owned\u0007\r\u009b2J\u202e"
const shownAttack = String.raw`\u001b]0;owned\u0007\u000d\u009b2J\u202e`
/** What a terminal obeys beside a line end. */
const obeyed = /[^\P{Cc}\n]|\p{Cf}/u
const hostile = (logger: ReturnType<typeof createLogger>): void => {
  const err = new Error(`said ${attack}\n    [12:00:00.000] INFO: forged`)
  logger.warn({ model: attack, deep: [{ path: attack }], err }, `a line with ${attack}`)
}

test("a line for programs holds nothing that a terminal obeys, and means what was logged", () => {
  const [line = ""] = linesOf(hostile)
  expect(line).not.toMatch(obeyed)
  expect(JSON.parse(line)).toMatchObject({
    model: attack,
    deep: [{ path: attack }],
    msg: `a line with ${attack}`,
  })
})

test("a line for people shows what a terminal would obey", () => {
  const stream = new PassThrough()
  hostile(createLogger({ name: "ingress", stream, isReadable: true }))
  const text = String(stream.read())
  expect(stripVTControlCharacters(text)).not.toMatch(obeyed)
  expect(text).toContain(`a line with ${shownAttack}`)
})

test.each([
  ["a bearer", "Bearer abcdefgh12345", "abcdefgh"],
  ["a key in a query", "GET /v1beta/models?alt=sse&key=AbC-123 failed", "AbC-123"],
  ["a key of OpenAI or Anthropic", "no such key: sk-ant-api03-abcdefghijkl", "abcdefghijkl"],
  ["a key of Google", `AIza${"a".repeat(35)}`, "aaaa"],
])("%s in a text is left out", (_, text, secret) => {
  const lines = linesOf((logger) => logger.error({ err: new Error(text) }, text))
  expect(lines.join()).toContain("[redacted]")
  expect(lines.join()).not.toContain(secret)
})
