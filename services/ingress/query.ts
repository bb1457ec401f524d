import { decoded } from "./decoded.ts"
import type { Dialect } from "./protocols/protocol.ts"

const credentials: ReadonlySet<string> = new Set(["key", "access_token"])

/** What Google's APIs read in a query beside the headers of the same meaning: another credential, whose quota counts, and another method. */
const identity: ReadonlySet<string> = new Set([
  "bearer_token",
  "oauth_token",
  "quotauser",
  "userip",
  "userproject",
  "x-goog-api-key",
  "x-goog-user-project",
  "x-http-method-override",
])

/** The name of a parameter as Google's APIs know it: `$userProject` and `userProject` are one. */
const nameOf = (parameter: string): string | undefined => {
  const equals = parameter.indexOf("=")
  return decoded(equals === -1 ? parameter : parameter.slice(0, equals))
    ?.replace(/^\$\.?/, "")
    .toLowerCase()
}

const valueOf = (parameter: string): string => decoded(parameter.slice(parameter.indexOf("=") + 1)) ?? ""

/** Takes the client's key and what speaks of its identity out of the query, where the protocol lets them stand there, so that they never reach the upstream; every other parameter stays as it is. Source: S5. */
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
      const means = nameOf(parameter) ?? ""
      if (credentials.has(means)) key ??= valueOf(parameter)
      return !credentials.has(means) && !identity.has(means)
    })
  return { query: others.length === 0 ? "" : `?${others.join("&")}`, key }
}
