import { decoded } from "./decoded.ts"
import type { Dialect } from "./protocols/protocol.ts"

const credentials: ReadonlySet<string> = new Set(["key", "access_token"])

const credentialIn = (parameter: string): string | undefined => {
  const equals = parameter.indexOf("=")
  const name = decoded(equals === -1 ? parameter : parameter.slice(0, equals))
  if (name === undefined || !credentials.has(name)) return undefined
  return decoded(parameter.slice(equals + 1)) ?? ""
}

/** Takes the client's key out of the query, where the protocol lets one stand there, so that it never reaches the upstream; every other parameter stays as it is. Source: S5. */
export const takeQueryKey = (
  { name }: Dialect,
  query: string,
): { readonly query: string; readonly key: string | undefined } => {
  if (name !== "gemini" || query === "") return { query, key: undefined }
  let key: string | undefined
  const others = query
    .slice(1)
    .split("&")
    .filter((parameter) => {
      const credential = credentialIn(parameter)
      key ??= credential
      return credential === undefined
    })
  return { query: others.length === 0 ? "" : `?${others.join("&")}`, key }
}
