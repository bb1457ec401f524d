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

test("keys are known again, however many clients take turns, and what is like one is nobody's", () => {
  const names = Array.from({ length: 20 }, (_, n) => `client-${n}`)
  const many = createAuthenticator(
    names.map((client) => ({ client, keyDigest: keyDigest(`key of ${client}`) })),
  )
  for (let round = 0; round < 3; round += 1)
    for (const client of names) {
      expect(many(`key of ${client}`)).toBe(client)
      expect(many(`key of ${client}`)).toBe(client)
      expect(many(`Key of ${client}`)).toBeUndefined()
      expect(many(`key of ${client}-`)).toBeUndefined()
    }
})
