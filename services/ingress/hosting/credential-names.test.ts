import { expect, it } from "vitest"
import { configuration, startActors } from "../testing/actors-in-memory.ts"
import { credentialNames } from "./credential-names.ts"

const secret = Buffer.from("of the installation")

/** A channel whose accounts, each with a limit of 1, have these credentials. */
const accountsWith = (credentials: Readonly<Record<string, string | undefined>>) => ({
  wanted: configuration([
    {
      id: "c",
      queueSize: 0,
      accounts: Object.keys(credentials).map((id) => ({ id, credential: "env:KEY", concurrency: 1 })),
    },
  ]),
  credentialOf: (id: string) => credentials[id],
})

it("C7: a credential has one name, another one has another, and none has none", () => {
  const names = credentialNames(accountsWith({ a: "one", b: "one", c: "two", d: undefined }), secret)
  expect(names.get("a")).toBe(names.get("b"))
  expect(names.get("a")).not.toBe(names.get("c"))
  expect(names.has("d")).toBe(false)
  expect(credentialNames(accountsWith({ a: "one" }), Buffer.from("of another")).get("a")).not.toBe(
    names.get("a"),
  )
  expect([...names.values()].every((name) => /^[0-9a-f]{16}$/u.test(name))).toBe(true)
})

it.each([
  ["the same credential waits for what runs on the old one", "key", "channel_queue_full"],
  ["another credential has its whole limit", "another key", undefined],
])("A2: an account that is renamed with %s", async (_, credential, refused) => {
  const before = accountsWith({ old: "key" })
  const { node, ask } = await startActors({ wanted: before.wanted })
  const apply = (declared: typeof before) =>
    node.apply({ wanted: declared.wanted, credentials: credentialNames(declared, secret), by: "file" })
  await apply(before)
  expect(await ask("r1")).toMatchObject({ lease: { account: { id: "old" } } })
  await apply(accountsWith({ renamed: credential }))
  const answer = await ask("r2")
  expect(answer).toMatchObject(
    refused === undefined ? { lease: { account: { id: "renamed" } } } : { refusal: { code: refused } },
  )
})
