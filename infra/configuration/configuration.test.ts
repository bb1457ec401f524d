import { mkdtempDisposable, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { Effect } from "effect"
import { expect, test } from "vitest"
import { parseConfiguration, readConfiguration } from "./configuration.ts"
import { formatProblem } from "./problem.ts"

const environment = {
  OPENAI_KEY: "sk-openai-secret",
  ALICE_KEY: "alice-secret-0001",
  BOB_KEY: "bob-secret-000002",
  SHORT_KEY: "fifteen-letters",
  EMPTY_KEY: " ",
}

const parse = (text: string) =>
  parseConfiguration({ file: "sluice.yaml", text, folder: "/nowhere", environment })

const valid = (text: string) => Effect.runPromise(parse(text))

const problemsOf = async (text: string) => {
  const { problems } = await Effect.runPromise(Effect.flip(parse(text)))
  return problems.map((problem) => formatProblem("sluice.yaml", problem))
}

const channel = "{ id: a, protocol: openai, baseUrl: 'http://a', models: [m] }"
const pool = "{ id: p, models: ['*'], tiers: [[a]] }"

const withChannel = (fields: string) => `pools: [${pool}]
channels:
  - id: a
    protocol: openai
    baseUrl: http://a
    models: [m]
    ${fields}
`

test("a small file is enough, and every default is filled in", async () => {
  const { wanted, warnings } = await valid(`pools: [${pool}]\nchannels: [${channel}]\n`)
  expect(wanted.channels[0]).toMatchObject({
    enabled: true,
    maxConcurrent: null,
    queueSize: 100,
    queueTimeoutMs: 30_000,
    cooldown: { baseMs: 5_000, backoff: "exponential" },
    accounts: [],
  })
  expect(wanted.settings.shutdownGraceMs).toBe(30_000)
  expect(warnings).toEqual([])
})

test.each(["maxConcurrent: 0", "maxConcurrent: null", "note: no limit"])(
  "%s means unlimited, which is never a number (A3)",
  async (limit) => {
    const { wanted } = await valid(withChannel(limit))
    expect(wanted.channels[0]?.maxConcurrent).toBeNull()
  },
)

test("anchors and aliases can be used", async () => {
  const { wanted } = await valid(`pools: [${pool}]
channels:
  - { id: a, protocol: openai, baseUrl: http://a, models: &models [m, n] }
  - { id: b, protocol: openai, baseUrl: http://b, models: *models }
`)
  expect(wanted.channels[1]?.models).toEqual(["m", "n"])
})

test("a model can have another name upstream", async () => {
  const { wanted } = await valid(`pools: [${pool}]
channels: [{ id: a, protocol: openai, baseUrl: 'http://a', models: [{ from: fast, to: gpt-5-mini }] }]
`)
  expect(wanted.channels[0]?.models).toEqual([{ from: "fast", to: "gpt-5-mini" }])
})

test("a pattern of models that has no match in bounded time is refused, in a pool and in a channel", async () => {
  expect(
    await problemsOf(`pools: [{ id: p, models: ['gpt-*', '!(a)*'], tiers: [[a]] }]
channels: [{ id: a, protocol: openai, baseUrl: 'http://a', models: ['gpt-{4,5}*', '{a'] }]
`),
  ).toEqual([
    'sluice.yaml:1:36 pools[0].models[1]: "!(a)*" is not valid: expected a name or a pattern of *, ?, [a-c] and {a,b}',
    'sluice.yaml:2:83 channels[0].models[1]: "{a" is not valid: expected braces that close, with at most 32 alternatives in all',
  ])
})

test("everything that is wrong is said at once, in the order of the file", async () => {
  expect(
    await problemsOf(`pools:
  - { id: p, models: [], tiers: [[b]] }
channels:
  - id: a
    protocol: bedrock
    models: [m]
    maxConcurrent: -3
    maxConcurent: 3
  - id: a
    protocol: openai
    baseUrl: http://a
    models: [m]
`),
  ).toEqual([
    "sluice.yaml:2:22 pools[0].models: an empty list is not valid: expected a list of at least one pattern of a model",
    'sluice.yaml:2:35 pools[0].tiers[0][0]: "b" is not valid: expected the id of a channel (a)',
    "sluice.yaml:4:5 channels[0].baseUrl: is missing: expected an http:// or https:// URL without user, query or fragment",
    'sluice.yaml:5:15 channels[0].protocol: "bedrock" is not valid: expected "openai" or "anthropic" or "gemini"',
    "sluice.yaml:7:20 channels[0].maxConcurrent: -3 is not valid: expected a whole number from 0 (0 or null = unlimited), adaptive, or { adaptive: { initial, min, max } }",
    "sluice.yaml:8:5 channels[0].maxConcurent: is not a field: did you mean maxConcurrent?",
    'sluice.yaml:9:9 channels[1].id: "a" is not valid: expected an id that no other channel has',
  ])
})

test.each([
  [
    "channels: {\n",
    "sluice.yaml:2:1 is not valid YAML: Flow map in block collection must be sufficiently indented and end with a }",
  ],
  ["a: 1\na: 2\n", "sluice.yaml:2:1 is not valid YAML: Map keys must be unique"],
  [
    `a: &a [${"x,".repeat(90)}]\nb: &b [${"*a,".repeat(90)}]\nc: [${"*b,".repeat(90)}]\n`,
    "sluice.yaml:1:1 is not valid YAML: Aliases repeat too often",
  ],
  ["a: *b\n", "sluice.yaml:1:4 is not valid YAML: No anchor of this alias stands before it"],
  ["", "sluice.yaml:1:1 null is not valid: expected a map of settings, pools, channels and clients"],
])("broken YAML is one clear line: %j", async (text, line) => {
  const problems = await problemsOf(text)
  expect(problems).toEqual([line])
})

test.each([
  ["weight: a", 'weight: "a" is not valid: expected a whole number from 1'],
  ["queueSize: 1.5", "queueSize: 1.5 is not valid: expected a whole number from 0"],
  ["enabled: 1", "enabled: 1 is not valid: expected true or false"],
  ["cooldown: { baseMs: 0 }", "cooldown.baseMs: 0 is not valid: expected a whole number from 1"],
  ["accounts: 3", "accounts: a number is not valid: expected a list"],
  [
    "cooldown: { longest: 1 }",
    "cooldown.longest: is not a field: expected one of baseMs, maxMs, backoff, guardMs",
  ],
  [
    "queueSize: 5",
    "queueSize: 5 is not valid: expected 0, or a limit to queue at: maxConcurrent, rpm or tpm, or concurrency of an account",
  ],
  [
    "accounts: [{ id: k, credential: env:OPENAI_KEY, concurrency: { adaptive: { min: 9, max: 8 } } }]",
    "accounts[0].concurrency.adaptive.min: 9 is not valid: expected max (8) or less",
  ],
  [
    "maxConcurrent: { adaptive: { initial: 9, max: 8 } }",
    "maxConcurrent.adaptive.initial: 9 is not valid: expected max (8) or less",
  ],
  [
    "maxConcurrent: adaptive\n    accounts: [{ id: k, credential: env:OPENAI_KEY, concurrency: 4 }]",
    'maxConcurrent: "adaptive" is not valid: expected a number or null, since account "k" has a limit of its own: a channel learns only where none of its accounts has one',
  ],
  [
    "maxConcurrent: { adaptive: {} }\n    accounts: [{ id: k, credential: env:OPENAI_KEY, concurrency: adaptive }]",
    'maxConcurrent: a map is not valid: expected a number or null, since account "k" has a limit of its own: a channel learns only where none of its accounts has one',
  ],
  ["headers: { Host: x }", "headers.Host: is not valid: expected a header that is not the transport's own"],
])("%s is refused", async (fields, line) => {
  const [problem, ...others] = await problemsOf(withChannel(fields))
  expect(others).toEqual([])
  expect(problem?.replace(/^\S+ channels\[0\]\./u, "")).toBe(line)
})

const queueSizeOf = async (fields: string) => (await valid(withChannel(fields))).wanted.channels[0]?.queueSize

test("a queue needs a limit, of the channel or of an account (A3)", async () => {
  const limitedAccount = "accounts: [{ id: k, credential: env:OPENAI_KEY, concurrency: 1 }]"
  expect(await queueSizeOf("queueSize: 0")).toBe(0)
  expect(await queueSizeOf("queueSize: 5\n    maxConcurrent: 1")).toBe(5)
  expect(await queueSizeOf("queueSize: 5\n    maxConcurrent: adaptive")).toBe(5)
  expect(await queueSizeOf(`queueSize: 5\n    ${limitedAccount}`)).toBe(5)
  expect(await queueSizeOf(`queueSize: 5\n    ${limitedAccount.replace("1", "adaptive")}`)).toBe(5)
})

test("ids are unique: those of accounts over all channels, the implicit one of a channel among them", async () => {
  expect(
    await problemsOf(`pools: [${pool}, ${pool}]
channels:
  - ${channel}
  - { id: b, protocol: openai, baseUrl: http://b, models: [m], accounts: [{ id: a-default, credential: env:OPENAI_KEY }] }
clients:
  - { id: alice, key: env:ALICE_KEY }
  - { id: alice, key: env:BOB_KEY }
`),
  ).toEqual([
    expect.stringContaining('pools[1].id: "p" is not valid: expected an id that no other pool has'),
    expect.stringContaining(
      'channels[1].accounts[0].id: "a-default" is not valid: expected an id that no other account has',
    ),
    expect.stringContaining('clients[1].id: "alice" is not valid: expected an id that no other client has'),
  ])
})

test("a client names pools that are there, and has a key of its own", async () => {
  expect(
    await problemsOf(`pools: [${pool}]
channels: [${channel}]
clients:
  - { id: alice, key: env:ALICE_KEY, pools: [p, q] }
  - { id: bob, key: env:ALICE_KEY }
`),
  ).toEqual([
    'sluice.yaml:4:49 clients[0].pools[1]: "q" is not valid: expected the id of a pool (p)',
    "sluice.yaml:5:21 clients[1].key: env:ALICE_KEY is not valid: expected a key that no other client has",
  ])
})

test("a client's key has at least 16 characters; one that has not is named by its client and not shown (S9)", async () => {
  const problems = await problemsOf(`pools: [${pool}]
channels: [${channel}]
clients:
  - { id: alice, key: env:ALICE_KEY }
  - { id: bob, key: env:SHORT_KEY }
`)
  expect(problems).toEqual([
    'sluice.yaml:5:21 clients[1].key: env:SHORT_KEY: the key of the client "bob" is too short: expected at least 16 characters, such as `openssl rand -hex 32` makes',
  ])
})

test("a proxy that is trusted is an address or a network", async () => {
  const settings = "settings: { trustedProxies: [10.0.0.0/8, '::1', example.org, 10.0.0.0/33] }\n"
  expect(await problemsOf(`${settings}pools: [${pool}]\nchannels: [${channel}]\n`)).toEqual([
    'sluice.yaml:1:49 settings.trustedProxies[2]: "example.org" is not valid: expected an IP address, or a network such as 10.0.0.0/8',
    'sluice.yaml:1:62 settings.trustedProxies[3]: "10.0.0.0/33" is not valid: expected an IP address, or a network such as 10.0.0.0/8',
  ])
})

test.each([
  ["env:MISSING_KEY", "env:MISSING_KEY: the environment variable MISSING_KEY is not set"],
  ["env:EMPTY_KEY", "env:EMPTY_KEY: it is empty"],
  ["file:secret.txt", "file:secret.txt: the file does not exist"],
])("a missing secret is named by its reference: %s", async (reference, line) => {
  const problems = await problemsOf(withChannel(`accounts: [{ id: k, credential: "${reference}" }]`))
  expect(problems).toEqual([`sluice.yaml:7:37 channels[0].accounts[0].credential: ${line}`])
})

test("a secret in the file itself is refused and not shown, wherever it stands", async () => {
  const problems = await problemsOf(`pools: [${pool}]
channels:
  - id: a
    protocol: openai
    baseUrl: http://user:sk-secret@a
    models: [m]
    headers: { Authorization: Bearer sk-secret, x-n: [sk-secret] }
    accounts:
      - { id: k, credential: sk-secret }
      - { id: l, credential: env:OPENAI_KEY, apiKey: sk-secret }
      - sk-secret
clients: [{ id: alice, key: sk-secret }, sk-secret]
`)
  expect(problems).toHaveLength(8)
  expect(problems.join("\n")).not.toContain("sk-secret")
})

test("secrets are at hand by account and client, and nowhere else", async () => {
  const configuration = await valid(`pools: [${pool}]
channels:
  - ${channel}
  - { id: b, protocol: openai, baseUrl: http://b, models: [m], accounts: [{ id: k, credential: env:OPENAI_KEY }] }
clients: [{ id: alice, key: env:ALICE_KEY }]
`)
  expect(configuration.credentialOf("k")).toBe("sk-openai-secret")
  expect(configuration.credentialOf("a-default")).toBe("")
  expect(configuration.credentialOf("other")).toBeUndefined()
  expect(configuration.authenticate("alice-secret-0001")).toBe("alice")
  const seen = JSON.stringify(configuration) + inspect(configuration, { depth: 20, showHidden: true })
  expect(seen).not.toMatch(/sk-openai-secret|alice-secret/u)
})

test.each([
  ["timeouts: { stallMs: 9007199254740991 }", "channels[0].timeouts.stallMs", 3_155_760_000_000],
  ["queueTimeoutMs: 3155760000001", "channels[0].queueTimeoutMs", 3_155_760_000_000],
  ["burstSeconds: 9007199254740991", "channels[0].burstSeconds", 3_155_760_000],
])("%s is refused as longer than a hundred years", async (fields, path, most) => {
  const [problem, ...others] = await problemsOf(withChannel(fields))
  expect(problem).toContain(` ${path}: `)
  expect(problem).toContain(`is not valid: expected a span of at most 100 years, which is ${most}`)
  expect(others).toEqual([])
})

test.each([
  ["settings: { retention: { days: 36526 } }", "a span of at most 100 years, which is 36525"],
  ["settings: { shutdownGraceMs: -1 }", "a whole number from 0"],
  ["settings: { shutdownGraceMs: .nan }", "a whole number from 0"],
  ["settings: { shutdownGraceMs: .inf }", "a whole number from 0"],
])("%s is refused", async (settings, expected) => {
  const problems = await problemsOf(`${settings}\npools: [${pool}]\nchannels: [${channel}]\n`)
  expect(problems.join("\n")).toContain(`expected ${expected}`)
})

test("what is odd is a warning", async () => {
  const { warnings, wanted } = await valid(`pools: []
channels:
  - { id: a, protocol: openai, baseUrl: http://a, models: [m], accounts: [{ id: k, credential: env:OPENAI_KEY, concurrency: -1 }] }
`)
  expect(wanted.channels[0]?.accounts[0]?.concurrency).toBeNull()
  expect(warnings.map((warning) => formatProblem("sluice.yaml", warning))).toEqual([
    "sluice.yaml:1:8 pools: has no pool, so every request is refused",
    'sluice.yaml:3:11 channels[0].id: "a" is in no pool, so no request reaches it',
    "sluice.yaml:3:125 channels[0].accounts[0].concurrency: -1 means unlimited; write 0 or null",
  ])
})

test("files of secrets and prices are found beside the configuration", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "sluice-configuration-"))
  const file = join(folder.path, "sluice.yaml")
  const prices = { m: { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 } }
  await writeFile(join(folder.path, "key.txt"), "sk-from-file\n")
  await writeFile(join(folder.path, "prices.json"), JSON.stringify(prices))
  await writeFile(
    file,
    `settings: { prices: prices.json }\n${withChannel("accounts: [{ id: k, credential: file:key.txt }]")}`,
  )
  const configuration = await Effect.runPromise(readConfiguration(file))
  expect(configuration.credentialOf("k")).toBe("sk-from-file")
  expect(configuration.prices.priceOf("m")?.inputPicoUsd).toBe(1_000_000)
  expect(configuration.sources).toEqual([join(folder.path, "key.txt"), join(folder.path, "prices.json")])
})

test("a list of prices that cannot be used is a problem of the file", async () => {
  expect(
    await problemsOf(`settings: { prices: none.json }\npools: [${pool}]\nchannels: [${channel}]\n`),
  ).toEqual(['sluice.yaml:1:21 settings.prices: "none.json" is not a list of prices: cannot be read'])
})

test("a file that is not there is one line", async () => {
  const error = await Effect.runPromise(Effect.flip(readConfiguration("/nowhere/sluice.yaml")))
  expect(error.message).toBe("/nowhere/sluice.yaml: does not exist")
})
