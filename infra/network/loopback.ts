import { BlockList, isIP } from "node:net"

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")

/** True if an IP address is this machine's own to itself: 127.0.0.0/8, also as IPv6 writes it (`::ffff:127.0.0.1`), or `::1`. Source: RFC 6890. */
export const isLoopbackAddress = (address: string): boolean => {
  const version = isIP(address)
  return version !== 0 && loopback.check(address, version === 4 ? "ipv4" : "ipv6")
}

/** True if a name or an address can only mean this machine; brackets around an address are no part of it. Source: S9. */
export const isLoopbackHost = (host: string): boolean =>
  host.toLowerCase() === "localhost" || isLoopbackAddress(/^\[(.*)\]$/.exec(host)?.[1] ?? host)

/** True if what stands in a `host` header, with a port or without, can only mean this machine. Source: S9. */
export const isLoopbackAuthority = (authority: string): boolean =>
  isLoopbackHost(authority.replace(/:\d{1,5}$/, ""))
