import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { expect, test } from "vitest"
import { stringify } from "yaml"
import { openSmallDisk } from "../event-log/small-disk.ts"
import { askForCompletion, type RunningSluice, runCommand, startSluice } from "../sluice-process.ts"
import { temporaryDataDirectory } from "../sluice-process.ts"
import { until } from "../until.ts"

/** Asks once; tells whether the answer came whole. */
const isAnswered = async (url: string): Promise<boolean> => {
  try {
    const answer = await askForCompletion(url)
    await answer.text()
    return answer.ok
  } catch {
    return false
  }
}

/** Returns how many requests the tables hold; they may not have come to the head of the log yet. */
const usage = async (data: string): Promise<number> => {
  const asked = await runCommand(["query", "usage", "--json", "--wait", "head", "--data", data])
  if (asked.code !== 0) return 0
  const { rows } = JSON.parse(asked.stdout) as { rows: ReadonlyArray<{ requests: number }> }
  return rows.reduce((sum, { requests }) => sum + requests, 0)
}

/** One channel, which admits requests to the last byte of the disk. */
const wantedOn = (baseUrl: string) => ({
  settings: { minFreeDiskBytes: 0 },
  pools: [{ id: "p", models: ["demo-gpt"], tiers: [["c"]] }],
  channels: [
    {
      id: "c",
      protocol: "openai",
      baseUrl,
      models: ["demo-gpt"],
      accounts: [{ id: "a", credential: "env:SLUICE_TEST_KEY" }],
    },
  ],
})

const natsOf = (sluice: RunningSluice): number => sluice.run().nats?.process?.pid ?? 0

test("a disk that was full and is freed needs nobody: the log is written again, nothing is lost, the tables follow", async () => {
  await using disk = await openSmallDisk(128 * 1024 * 1024)
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const data = join(disk.path, "data")
  const file = join(disk.path, "sluice.yaml")
  await writeFile(file, stringify(wantedOn(provider.url)))
  const environment = { SLUICE_TEST_KEY: "sk-test" }
  await using sluice = await startSluice(data, { args: ["--config", file], environment })
  const { url } = sluice
  let answered = 0
  const ask = async () => {
    if (await isAnswered(url)) answered += 1
    else await pause(100)
    return answered
  }
  while ((await ask()) < 20);
  const before = natsOf(sluice)
  disk.fill(before)
  const filledAt = performance.now()
  while (performance.now() - filledAt < 15_000) await ask()
  disk.free(before)
  const whenFull = answered
  while ((await ask()) < whenFull + 20);
  await until(() => ![0, before].includes(natsOf(sluice)), "the log was started again", 60_000)
  await until(async () => (await usage(data)) >= answered, "the tables hold every answer", 120_000)
  expect(sluice.command.stderr()).toContain("it has taken nothing of what the ingress wrote")
  expect(sluice.command.stderr().match(/although the disk has room/g)).toHaveLength(1)
  const verified = JSON.parse((await runCommand(["verify", "--json", "--data", data])).stdout) as {
    ok: boolean
  }
  expect(verified.ok).toBe(true)
}, 300_000)

test("parts that stand still are ended and started again, and the line of each says why", async () => {
  await using data = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  expect(await isAnswered(sluice.url)).toBe(true)
  const { nats, ingress, projector } = sluice.run()
  const still = [nats?.process?.pid, ingress?.pid, projector?.pid].map((pid) => pid ?? 0)
  for (const pid of still) process.kill(pid, "SIGSTOP")
  const runs = () => {
    const run = sluice.run()
    return [run.nats?.process?.pid, run.ingress?.pid, run.projector?.pid]
  }
  await until(
    () => runs().every((pid, place) => pid !== undefined && pid !== still[place]),
    "others run in their place",
    150_000,
  )
  await until(() => isAnswered(sluice.url), "the proxy answers again", 30_000)
  const lines = sluice.command.stderr()
  expect(lines.match(/it did not answer for 15 s and was ended/g)).toHaveLength(2)
  expect(lines.match(/it did not answer for 60 s and was ended/g)).toHaveLength(1)
}, 300_000)
