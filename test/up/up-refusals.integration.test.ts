import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { startNatsServer } from "@sluice/infra/nats-server/nats-server.ts"
import { startSimulatedProvider } from "@sluice/simulator/provider.ts"
import { readRunFile } from "@sluice/sluice/run-file.ts"
import { expect, test } from "vitest"
import {
  askForCompletion,
  processesOn,
  runCommand,
  startCommand,
  startSluice,
  temporaryDataDirectory,
} from "../sluice-process.ts"
import { until } from "../until.ts"

/** What a start that cannot be says, where nothing of it may be left. */
const refusal = async (
  dataDirectory: string,
  { args = [], environment = {} }: { args?: ReadonlyArray<string>; environment?: Record<string, string> },
): Promise<string> => {
  const port = args.includes("--port") ? [] : ["--port", "0"]
  const { code, stdout, stderr } = await runCommand(
    ["up", "--data", dataDirectory, ...port, ...args],
    environment,
  )
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(processesOn(dataDirectory)).toEqual([])
  expect(readRunFile(dataDirectory)).toBeUndefined()
  return stderr
}

test("a port that is taken is one line, and nothing was started", async () => {
  await using data = await temporaryDataDirectory()
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" ? (address?.port ?? 0) : 0
  expect(await refusal(data.path, { args: ["--port", String(port)] })).toBe(
    `sluice: port ${port} on 127.0.0.1 is taken by another program: choose one with --port\n`,
  )
  server.close()
})

test("a data directory in use is one line that says by whom, and the other goes on", async () => {
  await using data = await temporaryDataDirectory()
  await using sluice = await startSluice(data.path)
  const { code, stderr } = await runCommand(["up", "--data", data.path, "--port", "0"])
  expect(code).toBe(1)
  expect(stderr).toBe(
    `sluice: the data directory ${data.path} is in use by process ${sluice.command.process.pid}, which serves ${sluice.url}: stop it, or choose another with --data\n`,
  )
  expect((await askForCompletion(sluice.url)).status).toBe(200)
})

test("a data directory that cannot be made is one line", async () => {
  const { code, stderr } = await runCommand(["up", "--data", "/dev/null/data", "--port", "0"])
  expect([code, stderr]).toEqual([
    1,
    "sluice: the data directory /dev/null/data cannot be used: /dev/null is a file, not a directory (ENOTDIR): mend that, or choose another with --data\n",
  ])
})

test("each problem of a configuration is one line with its place", async () => {
  await using data = await temporaryDataDirectory()
  const file = join(data.path, "sluice.yaml")
  await writeFile(
    file,
    `pools: []
channels:
  - { id: a, protocol: openai, baseUrl: http://localhost, models: [m], maxConcurrent: -3, color: red }
`,
  )
  const lines = (await refusal(data.path, { args: ["--config", file] })).trimEnd().split("\n")
  expect(lines).toEqual([
    expect.stringMatching(/^sluice: \S+sluice\.yaml:3:\d+ channels\[0\]\.maxConcurrent: -3 is not valid/),
    expect.stringMatching(/^sluice: \S+sluice\.yaml:3:\d+ channels\[0\]\.color: is not a field/),
  ])
})

test("an address beyond this machine without client keys is one line (S9)", async () => {
  await using data = await temporaryDataDirectory()
  const said = await refusal(data.path, { args: ["--host", "0.0.0.0"] })
  expect(said).toMatch(/^sluice: .*0\.0\.0\.0.*\n$/)
})

test("a NATS server that is not there is one line without its password", async () => {
  await using data = await temporaryDataDirectory()
  expect(await refusal(data.path, { environment: { NATS_URL: "nats://user:secret@127.0.0.1:1" } })).toBe(
    "sluice: cannot reach NATS at nats://127.0.0.1:1: connection refused\n",
  )
  for (const service of ["ingress", "projector"]) {
    const config = service === "ingress" ? ["--config", join(data.path, "demo.yaml")] : []
    const { code, stderr } = await runCommand(
      [service, "--nats", "nats://127.0.0.1:1", "--data", data.path, "--port", "0", ...config],
      Object.fromEntries([1, 2, 3, 4, 5, 6].map((n) => [`SLUICE_DEMO_KEY_${n}`, "k"])),
    )
    expect([code, stderr]).toEqual([
      1,
      "sluice: cannot reach NATS at nats://127.0.0.1:1: connection refused\n",
    ])
  }
})

test("a damaged secret of the sessions is one line that says what to do", async () => {
  await using data = await temporaryDataDirectory()
  const config = join(data.path, "sluice.yaml")
  await writeFile(config, "pools: []\nchannels: []\n")
  const secret = join(data.path, "session.key")
  await writeFile(secret, "short")
  const args = ["--nats", "nats://127.0.0.1:1", "--data", data.path, "--port", "0", "--config", config]
  const { code, stderr } = await runCommand(["ingress", ...args])
  expect([code, stderr]).toEqual([
    1,
    `sluice: the secret ${secret} holds 5 bytes, and 32 are needed: restore it, or remove it to begin with a new one\n`,
  ])
})

test("a ClickHouse server that is not there is one line", async () => {
  await using data = await temporaryDataDirectory()
  const said = await refusal(data.path, { environment: { CLICKHOUSE_URL: "http://127.0.0.1:1" } })
  // The proxy starts at the same time, and may have logged that it did.
  const lines = said.split("\n").filter((line) => !line.startsWith("{"))
  expect(lines).toEqual([expect.stringMatching(/^sluice: cannot reach ClickHouse: /), ""])
})

test("with NATS_URL and a configuration of one's own there is no embedded server and no demo (S3)", async () => {
  await using data = await temporaryDataDirectory()
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  await using nats = await startNatsServer({ dataDir: join(data.path, "elsewhere"), port: 0 })
  const file = join(data.path, "sluice.yaml")
  await writeFile(
    file,
    `pools: [{ id: p, models: [demo-gpt], tiers: [[c]] }]
channels: [{ id: c, protocol: openai, baseUrl: "${provider.url}", models: [demo-gpt] }]
`,
  )
  await using sluice = await startSluice(data.path, {
    args: ["--config", file],
    environment: { NATS_URL: nats.url },
  })
  expect(sluice.run()).toMatchObject({
    nats: { url: nats.url, process: null },
    simulator: null,
    configuration: file,
  })
  expect((await askForCompletion(sluice.url)).headers.get("x-sluice-channel")).toBe("c")
})

test("proxy and projector run alone, with their log on a server that runs elsewhere (S3)", async () => {
  await using data = await temporaryDataDirectory()
  await using provider = await startSimulatedProvider({ serviceMs: 0 })
  await using nats = await startNatsServer({ dataDir: join(data.path, "elsewhere"), port: 0 })
  const file = join(data.path, "sluice.yaml")
  await writeFile(
    file,
    `pools: [{ id: p, models: [demo-gpt], tiers: [[c]] }]
channels: [{ id: c, protocol: openai, baseUrl: "${provider.url}", models: [demo-gpt] }]
`,
  )
  const shared = ["--nats", nats.url, "--data", data.path, "--port", "0"]
  const commands = [
    startCommand(["ingress", ...shared, "--config", file]),
    startCommand(["projector", ...shared]),
  ]
  await until(() => commands.every(({ stdout }) => stdout().includes("ready: ")), "both are ready", 20_000)
  const [ingress, projector] = commands.map(({ stdout }) => stdout().trim().replace("ready: ", ""))
  expect((await askForCompletion(ingress ?? "")).status).toBe(200)
  const answer = await fetch(`${projector}/queries/trace?wait=head`)
  expect(await answer.json()).toMatchObject({ rows: [{ requests: 1, completed: 1 }] })
  for (const { process } of commands) process.kill("SIGTERM")
  for (const { ended } of commands) expect(await ended).toMatchObject({ code: 0 })
})
