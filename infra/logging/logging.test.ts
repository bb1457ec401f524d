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
