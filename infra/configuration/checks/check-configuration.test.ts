import { mkdtempDisposable, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { expect, test } from "vitest"
import { checkConfiguration } from "./check-configuration.ts"

const example = fileURLToPath(new URL("../../../sluice.example.yaml", import.meta.url))

const environment = {
  OPENAI_API_KEY: "sk-1",
  OPENAI_SPARE_API_KEY: "sk-2",
  ANTHROPIC_API_KEY: "sk-3",
  ANTHROPIC_TEAM_API_KEY: "sk-4",
  SLUICE_WEB_APP_KEY: "a-key-of-web-app",
  SLUICE_BATCH_JOBS_KEY: "a-key-of-batch-jobs",
}

test("the example is valid, and the summary says what was understood", async () => {
  expect(await Effect.runPromise(checkConfiguration(example, environment))).toEqual({
    ok: true,
    problems: [],
    warnings: [],
    summary: [
      "2 pools, 2 channels, 4 accounts, 2 clients",
      "pool gpt: gpt-* → openai",
      "pool claude: claude-* → anthropic",
      "channel openai: openai at https://api.openai.com, 2 models, at most 16 at once, 500 requests a minute, 400000 tokens a minute, up to 200 wait 20000 ms",
      "  account openai-main: at most 12 at once, 4 of them reserved for bound requests",
      "  account openai-spare: at most 4 at once",
      "channel anthropic: anthropic at https://api.anthropic.com, 2 models, at most 40 at once, up to 100 wait 30000 ms",
      "  account anthropic-main: at most 8 at once, at most 40 sessions, 20 USD in 5 h and 5 more for bound requests",
      "  account anthropic-team: as many at once as are found to be accepted (bracket, at first 4, at most 30)",
      "clients: web-app, batch-jobs",
      "log: about 3.3 kB a request, so 285 MB a day at one request a second; kept for 14 days, or 20 GB, which 5 requests a second fill",
    ],
  })
})

test("the example names each secret that is missing", async () => {
  const { ok, problems } = await Effect.runPromise(checkConfiguration(example, {}))
  expect(ok).toBe(false)
  expect(problems).toHaveLength(6)
  expect(problems[0]).toMatch(/channels\[0\]\.accounts\[0\]\.credential: env:OPENAI_API_KEY: .* is not set$/u)
})

test("a channel without limits and accounts is summed up as such", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-check-"))
  const file = join(folder.path, "sluice.yaml")
  await writeFile(
    file,
    "pools: [{ id: p, models: ['*'], tiers: [[a]] }]\n" +
      "channels: [{ id: a, enabled: false, protocol: openai, baseUrl: 'http://a', models: [m] }]\n",
  )
  const { summary } = await Effect.runPromise(checkConfiguration(file, {}))
  expect(summary.slice(2, -1)).toEqual([
    "channel a (disabled): openai at http://a, 1 model, unlimited, no queue",
    "  account a-default (a/default): unlimited",
    "no clients: anyone on this machine may call, and nobody else",
  ])
})

test("a learned limit is summed up with what its account says, and what the settings say where it does not", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-check-"))
  const file = join(folder.path, "sluice.yaml")
  await writeFile(
    file,
    "settings: { adaptive: { algorithm: aether, initial: 9 } }\n" +
      "pools: [{ id: p, models: ['*'], tiers: [[a]] }]\n" +
      "channels: [{ id: a, protocol: openai, baseUrl: 'http://a', models: [m], queueSize: 5, accounts: [\n" +
      "  { id: k, credential: env:K, concurrency: adaptive },\n" +
      "  { id: l, credential: env:K, concurrency: { adaptive: { algorithm: cubic, min: 2, max: 20 } } }] }]\n",
  )
  const { problems, summary } = await Effect.runPromise(checkConfiguration(file, { K: "sk" }))
  expect(problems).toEqual([])
  expect(summary.slice(2, 5)).toEqual([
    "channel a: openai at http://a, 1 model, unlimited, up to 5 wait 30000 ms",
    "  account k: as many at once as are found to be accepted (aether, at first 9)",
    "  account l: as many at once as are found to be accepted (cubic, at first 9, at least 2, at most 20)",
  ])
})

test("a channel that learns a limit of its own says so in the same words", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-check-"))
  const file = join(folder.path, "sluice.yaml")
  await writeFile(
    file,
    "pools: [{ id: p, models: ['*'], tiers: [[a]] }]\n" +
      "channels: [{ id: a, protocol: openai, baseUrl: 'http://a', models: [m], maxConcurrent: { adaptive: { max: 9 } } }]\n",
  )
  const { problems, summary } = await Effect.runPromise(checkConfiguration(file, {}))
  expect(problems).toEqual([])
  expect(summary[2]).toBe(
    "channel a: openai at http://a, 1 model, as many at once as are found to be accepted (bracket, at most 9), up to 100 wait 30000 ms",
  )
})

test("a spool beside NATS_URL is warned of in one line, since it is for the embedded log only (L9)", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-check-"))
  const file = join(folder.path, "sluice.yaml")
  const check = async (policy: string, url: string) => {
    const channel = "{ id: a, protocol: openai, baseUrl: 'http://a', models: [m] }"
    const pool = "{ id: p, models: ['*'], tiers: [[a]] }"
    await writeFile(
      file,
      `settings: { onLogUnavailable: ${policy} }\npools: [${pool}]\nchannels: [${channel}]\n`,
    )
    const { ok, warnings } = await Effect.runPromise(checkConfiguration(file, { NATS_URL: url }))
    expect(ok).toBe(true)
    return warnings
  }
  expect(await check("spool", "nats://log:4222")).toEqual([
    `${file}:1:31 settings.onLogUnavailable: "spool" works with the embedded log only; with NATS_URL it means refuse`,
  ])
  expect(await check("spool", "")).toEqual([])
  expect(await check("refuse", "nats://log:4222")).toEqual([])
})
