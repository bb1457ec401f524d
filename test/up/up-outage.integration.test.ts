import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { askForCompletion, runCommand, startSluice, temporaryDataDirectory } from "../sluice-process.ts"
import { until } from "../until.ts"

/** Asks again and again until it is told to stop; an answer that is not whole breaks it off. */
const keepAsking = async (url: string, isOver: () => boolean, count: () => void): Promise<void> => {
  while (!isOver()) {
    const answer = await askForCompletion(url, { stream: true })
    const text = await answer.text()
    if (!text.endsWith("data: [DONE]\n\n")) throw new Error(`${answer.status} ${text}`)
    count()
  }
}

test("a log that dies under sluice up is started again, and no client notices (L9, S2)", async () => {
  await using data = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  let isOver = false
  let answered = 0
  const asking = Promise.all(
    Array.from({ length: 4 }, () =>
      keepAsking(
        sluice.url,
        () => isOver,
        () => void (answered += 1),
      ),
    ),
  )
  for (let kills = 0; kills < 2; kills += 1) {
    const before = answered
    await until(() => answered > before + 10, "requests are answered", 20_000)
    const killed = sluice.run().nats?.process?.pid ?? 0
    process.kill(killed, "SIGKILL")
    await until(() => ![killed, undefined].includes(sluice.run().nats?.process?.pid), "the log runs again")
  }
  const before = answered
  await until(() => answered > before + 10, "requests are answered", 20_000)
  isOver = true
  await asking
  expect(sluice.command.stderr()).toContain("the spool is drained")
  expect(readdirSync(join(data.path, "spool"))).toEqual(["commits"])
  const query = ["query", "usage", "--json", "--wait", "head", "--data", data.path]
  const { rows } = JSON.parse((await runCommand(query)).stdout) as {
    rows: ReadonlyArray<{ requests: number }>
  }
  expect(rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(answered)
}, 120_000)
