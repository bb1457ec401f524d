import { isIPv6 } from "node:net"

/** Writes where a server is found over HTTP; an IPv6 address stands in brackets. Source: RFC 3986, section 3.2.2. */
export const httpUrl = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
