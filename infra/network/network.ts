import { BlockList, isIP } from "node:net"

interface Network {
  readonly address: string
  readonly prefix: number
  readonly family: "ipv4" | "ipv6"
}

const familyOf = (address: string): Network["family"] => (isIP(address) === 4 ? "ipv4" : "ipv6")

/** Reads a network as `10.0.0.0/8` or `fd00::/8`, or one address; `undefined` where it is neither. Source: RFC 4632. */
export const readNetwork = (text: string): Network | undefined => {
  const [address = "", length, ...more] = text.split("/")
  const version = isIP(address)
  if (version === 0 || more.length > 0) return undefined
  const bits = version === 4 ? 32 : 128
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  return prefix <= bits ? { address, prefix, family: familyOf(address) } : undefined
}

const rememberedAddresses = 10_000

/** The networks of proxies that are believed when they say for whom they pass a request on. Source: S9. */
export class TrustedProxies {
  readonly #list = new BlockList()
  /** What was found of addresses before: a look takes some microseconds. */
  readonly #known = new Map<string, boolean>()
  /** True if there are none, so that nobody has to be looked up. */
  readonly isEmpty: boolean

  /** Takes networks that `readNetwork` can read. Fails: throws on any other. */
  constructor(networks: ReadonlyArray<string> = []) {
    this.isEmpty = networks.length === 0
    for (const text of networks) {
      const network = readNetwork(text)
      if (network === undefined) throw new RangeError(`${text} is no network`)
      this.#list.addSubnet(network.address, network.prefix, network.family)
    }
  }

  /** True if an address is one of theirs; what is no address is not. */
  has(address: string): boolean {
    if (this.isEmpty) return false
    const known = this.#known.get(address)
    if (known !== undefined) return known
    const isTheirs = isIP(address) !== 0 && this.#list.check(address, familyOf(address))
    if (this.#known.size >= rememberedAddresses) this.#known.clear()
    this.#known.set(address, isTheirs)
    return isTheirs
  }
}

const hextetsOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(":"))

/**
 * Returns the network that is one caller's: an IPv4 address by itself, also as IPv6 writes it, and the 64 bits of an IPv6 one that its holder cannot choose.
 *
 * Source: RFC 4291, section 2.5.4.
 */
export const callerNetworkOf = (address: string): string => {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || isIP(address) === 4) return mapped ?? address
  const [head = "", tail] = address.replace(/%.*$/, "").split("::")
  const first = hextetsOf(head)
  const last = hextetsOf(tail ?? "")
  const missing = 8 - first.length - last.length - (last.at(-1)?.includes(".") === true ? 1 : 0)
  const all =
    tail === undefined ? first : [...first, ...Array<string>(Math.max(0, missing)).fill("0"), ...last]
  return `${all
    .slice(0, 4)
    .map((hextet) => Number.parseInt(hextet, 16).toString(16))
    .join(":")}::/64`
}
