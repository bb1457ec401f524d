import { describe, expect, test } from "vitest"
import { callerNetworkOf, readNetwork, TrustedProxies } from "./network.ts"

test.each([
  ["10.0.0.0/8", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
  ["192.168.1.4", { address: "192.168.1.4", prefix: 32, family: "ipv4" }],
  ["fd00::/8", { address: "fd00::", prefix: 8, family: "ipv6" }],
  ["::1", { address: "::1", prefix: 128, family: "ipv6" }],
  ["10.0.0.0/33", undefined],
  ["10.0.0.0/", undefined],
  ["10.0.0.0/8/8", undefined],
  ["10.0.0.0/-1", undefined],
  ["10.0.0/8", undefined],
  ["proxy.example.org", undefined],
  ["", undefined],
])("the network %j is read, or is none", (text, expected) => {
  expect(readNetwork(text)).toEqual(expected)
})

describe("proxies that are trusted", () => {
  test("are those of their networks, however an address is written", () => {
    const proxies = new TrustedProxies(["10.0.0.0/8", "fd00::/16", "192.0.2.7"])
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "fd00::9", "192.0.2.7"])
      expect([address, proxies.has(address)]).toEqual([address, true])
    for (const address of ["11.1.2.3", "fd01::9", "192.0.2.8", "", "unknown", "10.1.2.3:80"])
      expect([address, proxies.has(address)]).toEqual([address, false])
  })

  test("are none where none are named", () => {
    expect(new TrustedProxies().isEmpty).toBe(true)
    expect(new TrustedProxies().has("10.0.0.1")).toBe(false)
  })
})

test.each([
  ["203.0.113.9", "203.0.113.9"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::9", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ["2001:db8:1:2:3:4:192.0.2.1", "2001:db8:1:2::/64"],
])("the caller at %s is known by %s", (address, expected) => {
  expect(callerNetworkOf(address)).toBe(expected)
})
