import { decodeCommit, type Fact } from "@sluice/events/commit.ts"
import { openJetStreamLog } from "@sluice/infra/event-log/jetstream/jetstream-log.ts"
import { expect, it } from "vitest"
import { startProduct } from "../product.ts"

const factsIn = async (url: string): Promise<ReadonlyArray<Fact>> => {
  const log = await openJetStreamLog({ url, name: "test" })
  const facts: Fact[] = []
  for await (const { body } of log.read({ afterSequence: 0 })) facts.push(...decodeCommit(body).facts)
  await log.close()
  return facts
}

it("a session has the same id after a restart, and its key stands nowhere in the log (B5)", async () => {
  await using product = await startProduct()
  expect((await product.complete({}, { user: "someone" })).status).toBe(200)
  await product.running.ingress.kill()
  await product.restartIngress()
  expect((await product.complete({ "x-sluice-session": "someone" })).status).toBe(200)
  const facts = await factsIn(product.nats.url)
  const ended = facts.filter((fact) => fact.type === "request.completed")
  expect(ended.map(({ sessionSource }) => sessionSource)).toEqual(["user", "header"])
  expect(ended[0]?.session).toMatch(/^[0-9a-f]{16}$/)
  expect(ended[1]?.session).toBe(ended[0]?.session)
  expect(JSON.stringify(facts)).not.toContain("someone")
})

it("a client's own limit holds as the file says it, and a change of it at once (A13)", async () => {
  const clientWith = (limit: Record<string, unknown>) => ({
    clients: [{ id: "alice", key: "env:SLUICE_TEST_KEY", ...limit }],
  })
  await using product = await startProduct(clientWith({ rpm: 1 }))
  const codeOf = async () => {
    const answer = await product.complete({ authorization: "Bearer sk-test-0123456789" })
    const body = (await answer.json()) as { error?: { code: string } }
    return body.error?.code ?? String(answer.status)
  }
  expect([await codeOf(), await codeOf()]).toEqual(["200", "client_rpm_exhausted"])
  expect(await product.configure(clientWith({}))).toBe("applies")
  expect([await codeOf(), await codeOf()]).toEqual(["200", "200"])
})
