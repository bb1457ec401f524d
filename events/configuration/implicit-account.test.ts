import { Schema } from "effect"
import { expect, test } from "vitest"
import { Id } from "../identifier.ts"
import { AccountConfiguration } from "./account.ts"
import { DeclaredChannel } from "./configuration.ts"
import { accountsOf, implicitAccountId } from "./implicit-account.ts"

const channel = (accounts: ReadonlyArray<unknown>) =>
  Schema.decodeUnknownSync(DeclaredChannel)({
    id: "a",
    protocol: "openai",
    baseUrl: "http://a",
    models: ["m"],
    accounts,
  })

test("a channel has the accounts that it declares", () => {
  const accounts = [{ id: "k", credential: "env:KEY" }]
  expect(accountsOf(channel(accounts)).map(({ id }) => id)).toEqual(["k"])
})

test("a channel without accounts has one with every default, which needs no credential", () => {
  const defaults = Schema.decodeUnknownSync(AccountConfiguration)({ id: "a-default", name: "a/default" })
  expect(accountsOf(channel([]))).toEqual([{ ...defaults, credential: null }])
})

test.each([1, 47, 48, 55])(
  "the implicit account of a channel whose id has %i characters has an id",
  (length) => {
    const id = implicitAccountId("a".repeat(length))
    expect(Schema.is(Id)(id)).toBe(true)
  },
)
