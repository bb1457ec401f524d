import { BlockList, isIP } from "node:net"

const loopback = new BlockList()
loopback.addSubnet("127.0.0.0", 8, "ipv4")
loopback.addAddress("::1", "ipv6")

/** Tells whether an address to listen on can only be reached from this machine. */
export const isLoopback = (host: string): boolean => {
  const version = isIP(host)
  if (version === 0) return host === "localhost"
  return loopback.check(host, version === 4 ? "ipv4" : "ipv6")
}

/**
 * Says why an address must not be listened on, if so: without client keys only this machine may call.
 *
 * Source: S9.
 */
export const bindingProblem = (host: string, clients: ReadonlyArray<unknown>): string | undefined =>
  isLoopback(host) || clients.length > 0
    ? undefined
    : `will not listen on ${host} without client keys: add clients to the configuration, or listen on 127.0.0.1`
