import { mkdtempDisposable } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect } from "@nats-io/transport-node"
import { afterAll, beforeAll, expect, test } from "vitest"
import { openNatsClaims } from "../clickhouse/nats-claims.ts"
import { LogUnavailable } from "../event-log/event-log.ts"
import { isHalfImported, openImports } from "../event-log/jetstream/imports.ts"
import { openJetStreamLog } from "../event-log/jetstream/jetstream-log.ts"
import { askOperation, serveOperations } from "../operations/operations.ts"
import { startNatsServer } from "./nats-server.ts"
import { drawPassword, natsUsers, urlAs, type NatsPasswords, type NatsUser } from "./users.ts"

const passwords = Object.fromEntries(natsUsers.map((user) => [user, drawPassword()])) as NatsPasswords
const started = new AsyncDisposableStack()
let server: { readonly url: string; readonly as: (user: NatsUser) => string }

beforeAll(async () => {
  const folder = started.use(await mkdtempDisposable(join(tmpdir(), "sluice-users-")))
  const { url } = started.use(await startNatsServer({ dataDir: folder.path, port: 0, passwords }))
  server = { url, as: (user) => urlAs(url, user, passwords) }
})
afterAll(() => started.disposeAsync())

const commit = { subject: "sluice.log.channel.c", id: "one", body: "{}", expectedSequence: 0 }
const logAs = (user: NatsUser) =>
  openJetStreamLog({ url: server.as(user), leavesAsFound: user !== "ingress", requestTimeoutMs: 500 })
const reset = { type: "reset", actor: "account/a", by: "api:test" } as const

test("who has no password, or a wrong one, is not let in", async () => {
  await expect(openJetStreamLog({ url: server.url })).rejects.toThrow(/Authorization Violation/)
  const guessed = server.url.replace("://", "://ingress:guessed@")
  await expect(openJetStreamLog({ url: guessed })).rejects.toThrow(/Authorization Violation/)
})

test("the ingress stores, purges and snapshots, and the reader and the projector read what it stored", async () => {
  const log = await logAs("ingress")
  expect(await log.append(commit)).toBe(1)
  expect(await log.append({ ...commit, id: "two", expectedSequence: 1 })).toBe(2)
  await log.saveSnapshot(commit.subject, { version: 1, sequence: 1, machineHash: "m", state: {} })
  expect(await log.purge({ subject: commit.subject, beforeSequence: 2 })).toBe(1)
  expect(await isHalfImported(server.as("ingress"))).toBe(false)
  for (const user of ["reader", "projector"] as const) {
    const reading = await logAs(user)
    const ids: Array<string> = []
    for await (const { id } of reading.read({ afterSequence: 0 })) ids.push(id)
    expect(ids).toEqual(["two"])
    expect(await reading.snapshot(commit.subject)).toMatchObject({ version: 1 })
    expect((await reading.last(commit.subject))?.id).toBe("two")
    await reading.close()
  }
  await log.close()
})

test.each(["reader", "projector", "operator"] as const)(
  "the %s neither stores a commit nor purges, changes or deletes the log",
  async (user) => {
    const connection = await connect({ servers: server.url, user, pass: passwords[user], timeout: 500 })
    const denied = /Permissions Violation|no responders|timeout/i
    const ask = (subject: string, body = "{}") => connection.request(subject, body, { timeout: 500 })
    await expect(ask("sluice.log.channel.c")).rejects.toThrow(denied)
    await expect(ask("$JS.API.STREAM.PURGE.SLUICE_LOG")).rejects.toThrow(denied)
    await expect(ask("$JS.API.STREAM.DELETE.SLUICE_LOG")).rejects.toThrow(denied)
    await expect(ask("$JS.API.STREAM.MSG.DELETE.SLUICE_LOG", '{"seq":2}')).rejects.toThrow(denied)
    await expect(ask("$JS.API.STREAM.UPDATE.SLUICE_LOG", '{"name":"SLUICE_LOG"}')).rejects.toThrow(denied)
    await connection.close()
    const log = await logAs("ingress")
    expect((await log.last(commit.subject))?.id).toBe("two")
    await log.close()
  },
)

test("operations are asked by the operator alone, and answered by the ingress alone", async () => {
  const served = await serveOperations({
    url: server.as("ingress"),
    run: async (operation) => ({ ok: true, message: operation.type }),
  })
  expect(await askOperation(server.as("operator"), reset)).toEqual({ ok: true, message: "reset" })
  for (const user of ["reader", "projector", "ingress"] as const)
    await expect(askOperation(server.as(user), reset)).rejects.toThrow(/no ingress answers/)
  await served.close()
  const impostor = await connect({ servers: server.url, user: "reader", pass: passwords.reader })
  const subscription = impostor.subscribe("sluice.operation")
  expect(String(await subscription.closed)).toContain("Permissions Violation for Subscription")
  await impostor.close()
})

test("the projector keeps its claims, which the ingress reads and does not change", async () => {
  const claims = await openNatsClaims({ url: server.as("projector") })
  const progress = { database: "d", repairs: 0, nextBlock: 1, checkFrom: 0, finished: 1, claim: null }
  expect(await claims.write(progress, 0)).toBeGreaterThan(0)
  const seen = await openNatsClaims({ url: server.as("ingress") })
  expect((await seen.read()).progress).toEqual(progress)
  await expect(seen.write(progress, 1)).rejects.toThrow(LogUnavailable)
  await Promise.all([claims.close(), seen.close()])
})

test("an import is the owner's", async () => {
  const imports = await openImports(server.as("owner"))
  await imports.begin("archive")
  expect(await isHalfImported(server.as("ingress"))).toBe(true)
  await imports.finish()
  await expect(openImports(server.as("projector")).then((one) => one.begin("other"))).rejects.toThrow(
    LogUnavailable,
  )
  await imports.close()
})
