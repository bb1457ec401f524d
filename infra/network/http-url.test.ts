import { expect, test } from "vitest"
import { httpUrl } from "./http-url.ts"

test.each([
  ["127.0.0.1", "http://127.0.0.1:8787"],
  ["localhost", "http://localhost:8787"],
  ["::1", "http://[::1]:8787"],
  ["::ffff:127.0.0.1", "http://[::ffff:127.0.0.1]:8787"],
])("the URL of a server on %s is one that can be parsed", (host, expected) => {
  const url = httpUrl({ host, port: 8787 })
  expect(url).toBe(expected)
  expect(new URL(url).port).toBe("8787")
})
