import { join } from "node:path"
import { channelSubject } from "@sluice/events/identifier.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { expect, test } from "vitest"
import { startProduct } from "../product.ts"
import { runCommand, temporaryDataDirectory } from "../sluice-process.ts"
import { startPrivateNats } from "./event-log-server.ts"
import { absurdLife, plantCommit } from "./planted-commit.ts"

const channel = (id: string, baseUrl: string) => ({
  id,
  protocol: "openai",
  baseUrl,
  models: ["demo-gpt"],
  accounts: [{ id: `${id}-account`, credential: "env:SLUICE_TEST_KEY" }],
})

const twoChannels = (baseUrl: string) => ({
  settings: { restartQuarantineMs: 100 },
  pools: [{ id: "p", models: ["demo-gpt"], tiers: [["c"], ["d"]] }],
  channels: [channel("c", baseUrl), channel("d", baseUrl)],
})

test("a planted commit that no reader accepts is named, survived by the rest, and set aside for every reader (L11, R3, P3)", async () => {
  await using folder = await temporaryDataDirectory()
  await using product = await startProduct({ configuration: twoChannels })
  const on = (args: ReadonlyArray<string>) => runCommand(args, { NATS_URL: product.nats.url })
  await (await product.complete()).text()
  await product.running.ingress.end()
  const log = await openJetStreamLog({ url: product.nats.url })
  const id = await plantCommit(log, channelSubject("c"), (at) => absurdLife("c", "c-account", at))
  await product.restartIngress()

  const served = await product.complete()
  expect([served.status, served.headers.get("x-sluice-channel")]).toEqual([200, "d"])
  await served.text()
  const readyz = await fetch(`${product.running.ingress.url}/readyz`)
  expect([readyz.status, await readyz.json()]).toMatchObject([200, { closed: [{ actor: "channel/c" }] }])
  expect((await on(["doctor"])).stdout).toMatch(/channel\/c .*closed/u)
  expect((await on(["repair"])).stdout).toContain(id)
  expect(await on(["verify"])).toMatchObject({ code: 1, stdout: expect.stringContaining(id) as string })
  expect((await on(["reset", "channel/c"])).stderr).toContain("sluice repair channel/c")

  const trial = await on(["repair", "channel/c", "--dry-run"])
  expect(trial.stdout).toContain(`commit ${id}`)
  expect(Math.max(...trial.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80)
  const repaired = await on(["repair", "channel/c"])
  expect([repaired.code, repaired.stdout]).toEqual([
    0,
    expect.stringContaining("channel/c is open again") as string,
  ])

  const again = await product.complete()
  expect([again.status, again.headers.get("x-sluice-channel")]).toEqual([200, "c"])
  await again.text()
  expect(await on(["verify"])).toMatchObject({ code: 0 })
  expect((await on(["replay", "account/c-account"])).code).toBe(0)
  const usage = (await product.query("usage")).find(({ account }) => account === "c-account")
  expect(Math.floor(Number(usage?.["standardCostUsd"]))).toBe(1_000)
  await product.running.ingress.end()
  await product.restartIngress()
  const stopped = (await on(["repair", "--json"])).stdout
  expect(JSON.parse(stopped)).toEqual({ closed: [] })

  const archive = join(folder.path, "log.jsonl.gz")
  expect(await on(["export", "--out", archive])).toMatchObject({ code: 0 })
  await using copy = await startPrivateNats()
  const elsewhere = { NATS_URL: copy.url }
  expect(await runCommand(["import", archive], elsewhere)).toMatchObject({ code: 0 })
  expect(await runCommand(["verify"], elsewhere)).toMatchObject({ code: 0 })
  await log.close()
}, 180_000)
