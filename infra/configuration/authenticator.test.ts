import { expect, test } from "vitest"
import { createAuthenticator } from "./authenticator.ts"
import { keyDigest } from "./secret.ts"

const authenticate = createAuthenticator([
  { client: "alice", keyDigest: keyDigest("alice-key") },
  { client: "bob", keyDigest: keyDigest("bob-key") },
])

test("a key names its client", () => {
  expect(authenticate("alice-key")).toBe("alice")
  expect(authenticate("bob-key")).toBe("bob")
})

test.each([undefined, "", "alice", "alice-key ", "ALICE-KEY"])("%j is nobody's key", (key) => {
  expect(authenticate(key)).toBeUndefined()
})

test("without clients everyone is local, with or without a key", () => {
  const anyone = createAuthenticator([])
  expect(anyone(undefined)).toBe("local")
  expect(anyone("some-key")).toBe("local")
})
