import { mkdtempDisposable, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { readTrace } from "./read-trace.ts"

const head = "TIMESTAMP,ContextTokens,GeneratedTokens"

const read = async (text: string, limit?: number) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-trace-"))
  const file = join(folder.path, "trace.csv")
  await writeFile(file, text)
  return await readTrace(file, limit).catch((error: Error) => error.message.replace(folder.path, ""))
}

test("requests come in the order of their arrival, their times count from the first", async () => {
  const text = `${head}\r\n2023-11-16 18:17:04.5,20,2\r\n2023-11-16 18:17:03.9799600,4808,10\r\n`
  expect(await read(text)).toEqual([
    { offsetMs: 0, inputTokens: 4808, outputTokens: 10 },
    { offsetMs: 521, inputTokens: 20, outputTokens: 2 },
  ])
  expect(await read(text, 1)).toHaveLength(1)
})

test.each([
  ["a,b\n1,2", "/trace.csv:1 is not the head of a trace: expected TIMESTAMP,ContextTokens,GeneratedTokens"],
  ["", "/trace.csv:1 is not the head of a trace"],
  [head, "/trace.csv:2 holds no request"],
  [`${head}\n2023-11-16 18:17:03,1,2\nsoon,1,2`, '/trace.csv:3 TIMESTAMP: "soon" is not a time'],
  [`${head}\n2023-11-16 18:17:03,-1,2`, '/trace.csv:2 ContextTokens: "-1" is not a number of tokens'],
  [`${head}\n2023-11-16 18:17:03,1,`, '/trace.csv:2 GeneratedTokens: "" is not a number of tokens'],
  [`${head}\n2023-11-16 18:17:03,1`, "/trace.csv:2 is not CSV"],
])("what is no trace is refused with its line: %j", async (text, message) => {
  expect(await read(text)).toContain(message)
})

test("a file that is not there is refused by its name", async () => {
  await expect(readTrace("/nowhere/trace.csv")).rejects.toThrow("/nowhere/trace.csv does not exist")
})

test("the recorded hour that comes with the project is read whole", async () => {
  const requests = await readTrace(join(import.meta.dirname, "../../../test/traces/azure-llm-2023-code.csv"))
  expect(requests).toHaveLength(8_819)
  expect(requests.at(-1)).toEqual({ offsetMs: 3_435_949, inputTokens: 549, outputTokens: 173 })
})
