import { ClaimLost, rememberedBlocks, type Claim, type Claims } from "@sluice/infra/clickhouse/claims.ts"
import { createMemoryClaims } from "@sluice/infra/clickhouse/memory-claims.ts"
import { openNatsClaims } from "@sluice/infra/clickhouse/nats-claims.ts"
import { describe, expect, test } from "vitest"
import { startPrivateNats } from "../event-log/event-log-server.ts"

interface OpenClaims extends AsyncDisposable {
  readonly claims: Claims
  /** Returns what another process would see. */
  reopen(): Promise<Claims>
}

const openInMemory = async (): Promise<OpenClaims> => {
  const claims = createMemoryClaims()
  return { claims, reopen: async () => claims, [Symbol.asyncDispose]: () => claims.close() }
}

const openInNats = async (): Promise<OpenClaims> => {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startPrivateNats())
  const open = async () => opened.adopt(await openNatsClaims({ url: server.url }), (one) => one.close())
  const claims = await open()
  const kept = opened.move()
  return {
    claims,
    reopen: async () => kept.adopt(await openNatsClaims({ url: server.url }), (one) => one.close()),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

const claim = (block: number): Claim => ({
  block,
  first: block * 10 + 1,
  last: block * 10 + 10,
  lastId: `commit-${block}`,
  rows: { facts: 40, usage: 3 },
})

const progress = (block: number) => ({
  database: "database-1",
  repairs: 0,
  nextBlock: block + 1,
  checkFrom: 0,
  finished: block * 10,
  claim: claim(block),
})

describe.each([
  ["memory", openInMemory],
  ["NATS", openInNats],
])("claims in %s", (_, openClaims) => {
  test("nothing is claimed at first", async () => {
    await using opened = await openClaims()
    expect(await opened.claims.read()).toEqual({ progress: undefined, revision: 0 })
    expect(await opened.claims.remembered()).toEqual([])
  })

  test("a claim is there for whoever reads next", async () => {
    await using opened = await openClaims()
    const revision = await opened.claims.write(progress(0), 0)
    const other = await opened.reopen()
    expect(await other.read()).toEqual({ progress: progress(0), revision })
  })

  test("of two writers that know the same revision one loses", async () => {
    await using opened = await openClaims()
    const revision = await opened.claims.write(progress(0), 0)
    await opened.claims.write(progress(1), revision)
    await expect(opened.claims.write(progress(2), revision)).rejects.toThrow(ClaimLost)
    await expect(opened.claims.write(progress(2), 0)).rejects.toThrow(ClaimLost)
    expect((await opened.claims.read()).progress).toEqual(progress(1))
  })

  test("the last thousand blocks are remembered", async () => {
    await using opened = await openClaims()
    const blocks = Array.from({ length: rememberedBlocks + 5 }, (__, block) => block)
    for (const block of blocks) await opened.claims.remember(claim(block))
    const remembered = await (await opened.reopen()).remembered()
    expect(remembered.toSorted((a, b) => a.block - b.block)).toEqual(blocks.slice(5).map(claim))
  })
})
