import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { load } from "@sluice/infra/actor-host/loading.ts"
import { openArchive } from "@sluice/infra/archive/archive-file.ts"
import { checkArchive, importArchive } from "@sluice/infra/archive/import-archive.ts"
import { writeArchive } from "@sluice/infra/archive/write-archive.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { isHalfImported, openImports } from "@sluice/infra/event-log/jetstream/imports.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { ingressDecider } from "@sluice/ingress/hosting/ingress-decider.ts"
import { exampleCommits } from "@sluice/projector/testing/example-commits.ts"
import { expect, test } from "vitest"
import { startProduct } from "../product.ts"
import { askForCompletion, runCommand, startSluice, temporaryDataDirectory } from "../sluice-process.ts"
import { startPrivateNats } from "./event-log-server.ts"

const statesIn = async (log: EventLog) => {
  const states: Record<string, unknown> = {}
  for (const subject of (await log.subjects()).toSorted()) {
    if (subject.startsWith("sluice.log.channel.")) {
      const { state, position } = await load(log, subject, channelDecider)
      states[subject] = { version: position.version, state: channelDecider.snapshot(state) }
    }
    if (subject.startsWith("sluice.log.ingress.")) {
      const { state, position } = await load(log, subject, ingressDecider)
      states[subject] = { version: position.version, state: ingressDecider.snapshot(state) }
    }
  }
  return states
}

const exportTo = async (log: EventLog, path: string) => {
  await using file = await openArchive(path, null)
  const { signal } = new AbortController()
  await writeArchive({ log, write: file.write, fromMs: null, signal, onProgress: () => undefined })
}

test("an import gives equal actors, on a real server, and goes on after it was killed", async () => {
  await using folder = await temporaryDataDirectory()
  await using product = await startProduct({ channel: { maxConcurrent: 2 } })
  for (let nth = 0; nth < 5; nth += 1) await (await product.complete()).text()
  const path = join(folder.path, "log.jsonl.gz")
  const source = await openJetStreamLog({ url: product.nats.url })
  await product.running.ingress.end()
  await exportTo(source, path)
  await using server = await startPrivateNats()
  const manifest = await checkArchive(path, () => undefined)
  let copy = await openJetStreamLog({ url: server.url })
  let imports = await openImports(server.url)
  let appends = 0
  const half: EventLog = {
    ...copy,
    append: async (message) => {
      appends += 1
      if (appends > 7) throw new Error("killed")
      return copy.append(message)
    },
  }
  const { signal } = new AbortController()
  const what = { path, manifest, signal, onProgress: () => undefined }
  await expect(importArchive({ ...what, imports, log: half })).rejects.toThrow("killed")
  expect(await isHalfImported(server.url)).toBe(true)
  await Promise.all([copy.close(), imports.close()])
  await server.kill()
  await server.restart()
  copy = await openJetStreamLog({ url: server.url })
  imports = await openImports(server.url)
  expect(await copy.head()).toBe(7)
  await importArchive({ ...what, imports, log: copy })
  expect(await isHalfImported(server.url)).toBe(false)
  expect(await statesIn(copy)).toEqual(await statesIn(source))
  expect(Object.keys(await statesIn(copy)).length).toBeGreaterThan(1)
  await Promise.all([copy.close(), imports.close(), source.close()])
})

const questions = ["usage", "waits", "trace", "sessions", "rejections"]

const answersOn = async (directory: string, to: string) => {
  const answers: Record<string, unknown> = {}
  for (const name of questions) {
    const { stdout } = await runCommand([
      "query",
      name,
      "--from",
      "1h",
      "--to",
      to,
      "--json",
      "--data",
      directory,
    ])
    answers[name] = JSON.parse(stdout)
  }
  return answers
}

test("the log goes from one installation to another while the first one runs: equal answers there", async () => {
  await using folder = await temporaryDataDirectory()
  const [first, second, file] = ["first", "second", "log.gz"].map((name) => join(folder.path, name))
  if (first === undefined || second === undefined || file === undefined) throw new Error("too few paths")
  await using running = await startSluice(first)
  for (let nth = 0; nth < 4; nth += 1) await (await askForCompletion(running.url)).text()
  const to = String(Date.now())
  const exported = await runCommand(["export", "--out", file, "--data", first, "--json"])
  expect(exported.stderr).toBe("")
  expect(JSON.parse(exported.stdout)).toMatchObject({ file, commits: expect.any(Number) as number })
  await runCommand(["query", "usage", "--wait", "head", "--data", first])
  const answers = await answersOn(first, to)
  expect(answers["usage"]).toMatchObject({ rows: [{ requests: 2 }, { requests: 2 }] })
  expect((await runCommand(["import", file, "--data", first])).stderr).toMatch(
    /^sluice: the data directory .* is in use by process \d+, which serves .*\n$/,
  )
  await running.stop("SIGTERM")
  expect(await runCommand(["import", file, "--data", first])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^sluice: the log is not empty \(\d+ commits so far\): .*\n$/) as string,
  })
  const imported = await runCommand(["import", file, "--data", second])
  expect([imported.code, imported.stderr]).toEqual([0, ""])
  expect(imported.stdout).toMatch(/commits with \d+ facts of 5 subjects are in the log\n$/)
  await using restored = await startSluice(second)
  await runCommand(["query", "usage", "--wait", "head", "--data", second])
  expect(await answersOn(second, to)).toEqual(answers)
  expect((await (await askForCompletion(restored.url)).text()).length).toBeGreaterThan(0)
}, 120_000)

test("a file that is damaged, not whole or no export is refused in one line, and nothing is imported", async () => {
  await using folder = await temporaryDataDirectory()
  await using server = await startPrivateNats()
  const log = await openJetStreamLog({ url: server.url })
  for (const { subject, id, body } of exampleCommits({ requests: 50 }))
    await log.append({ subject, id, body, expectedSequence: (await log.last(subject))?.sequence ?? 0 })
  const path = join(folder.path, "log.gz")
  await exportTo(log, path)
  await log.close()
  const whole = await readFile(path)
  const into = join(folder.path, "new")
  const refusalOf = async (bytes: Buffer) => {
    await writeFile(path, bytes)
    const { code, stderr } = await runCommand(["import", path, "--data", into])
    expect(code).toBe(1)
    return stderr
  }
  const damaged = Buffer.from(whole)
  damaged[1_000] = 255 - (damaged[1_000] ?? 0)
  expect(await refusalOf(damaged)).toMatch(/^sluice: \S+ is damaged at line 1: .*\n$/)
  expect(await refusalOf(whole.subarray(0, -1))).toMatch(
    /^sluice: \S+ ends after line \d+ without its last line: .*\n$/,
  )
  expect(await refusalOf(Buffer.from("hello, world\n"))).toMatch(
    /^sluice: \S+ is (damaged at line 1: .*|no export .*)\n$/,
  )
  expect((await runCommand(["import", join(folder.path, "none"), "--data", into])).stderr).toMatch(
    /does not exist\n$/,
  )
  expect((await runCommand(["export", "--out", path, "--data", into])).stderr).toMatch(
    /^sluice: there is no log in /,
  )
}, 60_000)

test("nothing starts on a log whose import is not finished", async () => {
  await using folder = await temporaryDataDirectory()
  await using server = await startPrivateNats()
  const imports = await openImports(server.url)
  await imports.begin("half")
  await imports.close()
  const configuration = join(folder.path, "sluice.yaml")
  await writeFile(configuration, JSON.stringify({ pools: [], channels: [] }))
  const started = await runCommand(
    ["ingress", "--nats", server.url, "--config", configuration, "--port", "0"],
    {},
  )
  expect(started).toMatchObject({
    code: 1,
    stderr:
      "sluice: an import into this log was begun and not finished: run sluice import with its file again\n",
  })
}, 60_000)
