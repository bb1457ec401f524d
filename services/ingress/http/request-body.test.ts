import { Readable } from "node:stream"
import { expect, test } from "vitest"
import { chatCompletions } from "../providers/openai/chat-completions.ts"
import { turnBytes } from "../turns.ts"
import { BodyBudget } from "./body-budget.ts"
import { type IncomingBody, readBody } from "./request-body.ts"

const mega = 1024 * 1024
const pieces = 64

/** A body of `bytes` whose pieces are all there at once. */
const bodyAtOnce = (bytes: Buffer): Readable => {
  let from = 0
  return new Readable({
    read() {
      this.push(from >= bytes.length ? null : bytes.subarray(from, from + turnBytes))
      from += turnBytes
    },
  })
}

/** Reads a body; calls back with the size of each piece. Returns what came of it. */
const readWhole = (bytes: Buffer, onPiece: (bytes: number) => void): Promise<string> => {
  const body: IncomingBody = {
    headers: { contentLength: bytes.length },
    bytes: 0,
    body: Buffer.alloc(0),
    scanned: undefined,
    stopReading: undefined,
  }
  const room = new BodyBudget(() => 1024 * mega).open("a")
  const request = bodyAtOnce(bytes)
  request.on("data", ({ length }: Buffer) => onPiece(length))
  const reading = { protocol: chatCompletions, limitBytes: 32 * mega, room }
  return new Promise((resolve) => {
    readBody(request, body, reading, (problem) => resolve(problem?.code ?? `${body.body.length} bytes`))
  })
}

test("of large bodies that are all there at once one piece is taken in a turn of the event loop", async () => {
  const bytes = Buffer.from(`{"model":"m","messages":["${"x".repeat(pieces * turnBytes - 28)}"]}`)
  let turns = 0
  const countTurns = () => {
    turns += 1
    counting = setImmediate(countTurns)
  }
  let counting = setImmediate(countTurns)
  const turnOf: Array<number> = []
  const readers = [1, 2].map(() => readWhole(bytes, () => turnOf.push(turns)))
  expect(await Promise.all(readers)).toEqual([`${bytes.length} bytes`, `${bytes.length} bytes`])
  clearImmediate(counting)
  expect(turnOf.length).toBeGreaterThanOrEqual(2 * pieces)
  // Each body has a first piece at once; then they take turns.
  const perTurn = [...Map.groupBy(turnOf, (turn) => turn).values()].map((taken) => taken.length)
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(3)
})
