import { maySpeakUpstream } from "../../http/identity-headers.ts"
import type { Dialect } from "../protocol.ts"

const credentials: ReadonlySet<string> = new Set(["key", "access_token"])

/** The formats of an answer that can be followed; of all that Google's APIs take in a query, the rest changes what is told of the usage, the method, or who asks. */
const geminiFormats: ReadonlySet<string> = new Set(["sse", "json"])

/** The name of a parameter as Google's APIs know it: `$Key` and `key` are one. */
const nameOf = (parameter: string): string => parameter.replace(/^\$\.?/, "").toLowerCase()

/**
 * Reads the query of a request: the client's key, where the protocol lets one stand there, and the query that the upstream gets.
 *
 * That is written anew: for Gemini of the one parameter that is known, `alt`, and for the others of all that came but credentials and what speaks of the client's identity.
 * Source: S5.
 */
export const readQuery = (
  { name }: Dialect,
  query: string,
): { readonly query: string; readonly key: string | undefined } => {
  if (query === "") return { query, key: undefined }
  const parameters = new URLSearchParams(query)
  if (name !== "gemini") return { query: written(parameters), key: undefined }
  const key = [...parameters].find(([parameter]) => credentials.has(nameOf(parameter)))?.[1]
  const format = parameters.get("alt")
  return { query: format !== null && geminiFormats.has(format) ? `?alt=${format}` : "", key }
}

const written = (parameters: URLSearchParams): string => {
  const kept = [...parameters].filter(([parameter]) => {
    const name = nameOf(parameter)
    return !credentials.has(name) && maySpeakUpstream(name)
  })
  const text = new URLSearchParams(kept).toString()
  return text === "" ? "" : `?${text}`
}
