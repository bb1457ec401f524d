import { readFileSync, statSync } from "node:fs"
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { askOperation } from "@sluice/infra/operations/operations.ts"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { expect, test } from "vitest"
import {
  askForCompletion,
  logUrlOf,
  processesOf,
  type RunningSluice,
  runCommand,
  startSluice,
  temporaryDataDirectory,
} from "../sluice-process.ts"

/** Lists what other users of the machine could read below a directory, if they could enter it. */
const openToOthers = async (directory: string): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0)
}

const environmentOf = (pid: number | undefined): string => readFileSync(`/proc/${pid}/environ`, "utf8")
const argumentsOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "utf8")

const secretsOf = ({ dataDirectory }: RunningSluice): ReadonlyArray<string> => {
  const { nats, queries } = JSON.parse(readFileSync(join(dataDirectory, "access.json"), "utf8")) as {
    nats: Record<string, string>
    queries: string
  }
  return [...Object.values(nats), queries]
}

test("whoever does not know a password neither reads the log, nor operates the actors, nor asks the tables", async () => {
  await using data = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  const url = sluice.run().nats?.url ?? ""
  expect(url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/)
  await expect(openJetStreamLog({ url })).rejects.toThrow(/Authorization Violation/)
  const reset = { type: "reset", actor: "account/demo-openai-1", by: "stranger" } as const
  await expect(askOperation(url, reset)).rejects.toThrow(/Authorization Violation/)
  await expect(askOperation(logUrlOf(sluice, "reader"), reset)).rejects.toThrow(/no ingress answers/)
  const projector = sluice.run().projector?.url ?? ""
  for (const path of ["/queries/usage", "/queries", "/lag"])
    expect((await fetch(`${projector}${path}`)).status).toBe(401)
  expect((await fetch(`${projector}/queries`, { headers: { authorization: "Bearer no" } })).status).toBe(401)
  expect((await fetch(`${projector}/healthz`)).status).toBe(200)
})

test("commands go on working for who started the product, over a restart too", async () => {
  await using data = await temporaryDataDirectory()
  const first = await startSluice(data.path)
  expect((await askForCompletion(first.url)).status).toBe(200)
  const passwords = secretsOf(first)
  await first.stop("SIGTERM")
  const atRest = await runCommand(["verify", "--data", data.path])
  expect([atRest.code, atRest.stderr]).toEqual([0, ""])
  await using sluice = await startSluice(data.path)
  expect(secretsOf(sluice)).toEqual(passwords)
  const commands = [
    ["doctor"],
    ["reset", "account/demo-openai-1"],
    ["replay", "account/demo-openai-1"],
    ["verify"],
    ["adaptive", "summary"],
    ["query", "usage", "--wait", "head"],
    ["export", "--out", join(data.path, "log.jsonl.gz")],
  ]
  for (const command of commands) {
    const { code, stderr, stdout } = await runCommand([...command, "--data", data.path])
    expect([command, code, stderr]).toEqual([command, 0, ""])
    for (const password of passwords) expect(stdout).not.toContain(password)
  }
})

test("no password stands in the arguments of a process, in a line of the log, or in a file that others could read", async () => {
  await using data = await temporaryDataDirectory()
  await mkdir(join(data.path, "old"))
  await chmod(data.path, 0o755)
  await using sluice = await startSluice(data.path, { args: ["--log-level", "debug"] })
  expect((await askForCompletion(sluice.url)).status).toBe(200)
  await runCommand(["query", "usage", "--wait", "head", "--data", data.path])
  expect((statSync(data.path).mode & 0o777).toString(8)).toBe("700")
  const open = await openToOthers(data.path)
  expect(open.filter((path) => path !== join(data.path, "old"))).toEqual([])
  const demoKeys = /SLUICE_DEMO_KEY_1=([^\0]+)/.exec(environmentOf(sluice.run().ingress?.pid))?.slice(1) ?? []
  expect(demoKeys).toHaveLength(1)
  for (const secret of [...secretsOf(sluice), ...demoKeys]) {
    for (const { pid } of processesOf(sluice.run())) expect(argumentsOf(pid)).not.toContain(secret)
    expect(sluice.command.stderr()).not.toContain(secret)
    expect(readFileSync(join(data.path, "run.json"), "utf8")).not.toContain(secret)
  }
})

test("the keys of providers reach the ingress, and no other part", async () => {
  await using data = await temporaryDataDirectory()
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  const file = join(data.path, "sluice.yaml")
  await writeFile(
    file,
    `pools: [{ id: p, models: [demo-gpt], tiers: [[c]] }]
channels: [{ id: c, protocol: openai, baseUrl: "${provider.url}", models: [demo-gpt], accounts: [{ id: a, credential: "env:A_PROVIDER_KEY" }] }]
`,
  )
  await using sluice = await startSluice(data.path, {
    args: ["--config", file],
    environment: { A_PROVIDER_KEY: "sk-of-a-provider" },
  })
  const { ingress, projector, nats } = sluice.run()
  expect(environmentOf(ingress?.pid)).toContain("sk-of-a-provider")
  for (const pid of [projector?.pid, nats?.process?.pid])
    expect(environmentOf(pid)).not.toContain("sk-of-a-provider")
  expect(environmentOf(nats?.process?.pid)).not.toContain("NATS_URL")
  expect(environmentOf(ingress?.pid)).not.toContain(secretsOf(sluice).at(-1))
})

test("a password on the command line is refused in one line that says where it belongs", async () => {
  for (const args of [
    ["ingress", "--nats", "nats://user:secret@127.0.0.1:1"],
    ["projector", "--nats", "nats://127.0.0.1:1", "--clickhouse", "http://user:secret@127.0.0.1:1"],
  ]) {
    const { code, stderr } = await runCommand(args)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^sluice: every user of this machine can read a password in --(nats|clickhouse): leave the flag out and set (NATS_URL|CLICKHOUSE_URL)\n$/,
    )
  }
})
