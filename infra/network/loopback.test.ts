import { describe, expect, test } from "vitest"
import { isLoopbackAddress, isLoopbackAuthority, isLoopbackHost } from "./loopback.ts"

describe("loopback (S9)", () => {
  test.each([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::1", true],
    ["0:0:0:0:0:0:0:1", true],
    ["::ffff:127.0.0.1", true],
    ["::ffff:7f00:1", true],
    ["126.0.0.1", false],
    ["::ffff:10.0.0.1", false],
    ["::2", false],
    ["::", false],
    ["0.0.0.0", false],
    ["127.0.0.999", false],
    ["127.1", false],
    ["localhost", false],
    ["", false],
  ])("as an address is %s: %s", (address, expected) => {
    expect(isLoopbackAddress(address)).toBe(expected)
  })

  test.each([
    ["LOCALHOST", true],
    ["[::1]", true],
    ["::1", true],
    ["127.8.8.8", true],
    ["127.0.0.1.example.org", false],
    ["localhost.example.org", false],
    ["192.168.1.4", false],
  ])("as a host is %s: %s", (host, expected) => {
    expect(isLoopbackHost(host)).toBe(expected)
  })

  test.each([
    ["localhost", true],
    ["Localhost:8787", true],
    ["127.0.0.1:8787", true],
    ["[::1]:8787", true],
    ["[::1]", true],
    ["[::ffff:127.0.0.1]:80", true],
    ["example.com", false],
    ["127.0.0.1.example.com:80", false],
    ["localhost:80:80", false],
    ["", false],
  ])("as a host header is %s: %s", (authority, expected) => {
    expect(isLoopbackAuthority(authority)).toBe(expected)
  })
})
