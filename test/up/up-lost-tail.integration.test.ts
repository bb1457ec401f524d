import { join } from "node:path"
import { connectToLog } from "@sluice/infra/event-log/jetstream/connection.ts"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { expect, test } from "vitest"
import { askForCompletion, runCommand, startSluice, temporaryDataDirectory } from "../sluice-process.ts"

/** Takes the last messages of a subject out of the log of a data directory on which nothing runs; the stream keeps its last sequence. */
const loseTail = async (data: string, { subject, count }: { subject: string; count: number }) => {
  const server = await startNatsServer({ dataDir: join(data, "nats"), port: 0 })
  const connection = await connectToLog(server.url, "test")
  const ask = async (question: string, details: object): Promise<unknown> =>
    (
      await connection.nats.request(`$JS.API.STREAM.MSG.${question}.SLUICE_LOG`, JSON.stringify(details))
    ).json()
  try {
    for (let lost = 0; lost < count; lost += 1) {
      const { message } = (await ask("GET", { last_by_subj: subject })) as { message: { seq: number } }
      await ask("DELETE", { seq: message.seq })
    }
  } finally {
    await connection.close()
    await server.stop()
  }
}

const usage = async (data: string): Promise<number> => {
  const asked = await runCommand(["query", "usage", "--json", "--wait", "head", "--data", data])
  const { rows } = JSON.parse(asked.stdout) as { rows: ReadonlyArray<{ requests: number }> }
  return rows.reduce((sum, { requests }) => sum + requests, 0)
}

test("a channel whose end the log has lost while nothing ran stays closed and says so, the others serve, verify tells it, and nothing is counted twice", async () => {
  await using data = await temporaryDataDirectory()
  {
    await using sluice = await startSluice(data.path)
    for (let asked = 0; asked < 5; asked += 1) expect((await askForCompletion(sluice.url)).status).toBe(200)
    expect(await usage(data.path)).toBe(5)
  }
  await loseTail(data.path, { subject: "sluice.log.channel.demo-openai", count: 4 })
  await using sluice = await startSluice(data.path)
  expect((await askForCompletion(sluice.url)).status).toBe(503)
  const other = await fetch(`${sluice.url}/v1/messages`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "demo-claude",
      max_tokens: 3,
      messages: [{ role: "user", content: "hello" }],
    }),
  })
  expect(other.status).toBe(200)
  expect(sluice.command.stderr()).toContain("the log has lost the end of sluice.log.channel.demo-openai")
  const verified = await runCommand(["verify", "--data", data.path])
  expect(verified.code).toBe(1)
  expect(verified.stdout).toContain("the log has lost the end of sluice.log.channel.demo-openai")
  expect(await usage(data.path)).toBeLessThanOrEqual(5)
}, 180_000)
