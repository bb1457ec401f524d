/** A limit that the message of an error can name. */
export type NamedLimit = "concurrency" | "slope" | "requests" | "tokens"

const readLength = 1_000

const slope = /\bacceleration\b|\bincrease rate\b|\bmore gradually\b|\bramp(?:ed|ing)? up\b/
const concurrency = /\bconcurren(?:cy|t)\b|\bsimultaneous\b|\bin[- ]flight\b|\bparallel requests\b/
const requests =
  /(?<![a-z])requests?[ _-]per[ _-](?:second|min|hour|day)|\brp[smd]\b|\bcall rate limit\b|\brequest rate limit\b/
const tokens =
  /(?<![a-z])tokens?[ _-]per[ _-](?:second|min|hour|day)|\btp[md]\b|\btoken rate limit\b|\bnumber of (?:request|input|output) tokens\b/

/**
 * Finds the limit that a message names; `undefined` where it names none, or more than one.
 *
 * A limit on how fast the use may grow is told in the words of what grows, so it comes first.
 * Source: C2.
 */
export const limitNamedIn = (message: string): NamedLimit | undefined => {
  const text = message.slice(0, readLength).toLowerCase()
  if (slope.test(text)) return "slope"
  const named: NamedLimit[] = []
  if (concurrency.test(text)) named.push("concurrency")
  if (requests.test(text)) named.push("requests")
  if (tokens.test(text)) named.push("tokens")
  return named.length === 1 ? named[0] : undefined
}

const link = String.raw`[\s:=(]{0,4}(?:of|is|was|set to)?[\s:=(]{0,4}`
const count = String.raw`(\d{1,6})(?!\d|[.,]\d|\s{0,4}(?:ms|s|secs?|seconds?|min|minutes?|hours?|%)(?![a-z]))`
const bound = String.raw`(?:limit|max|maximum)`
const statements = [
  new RegExp(String.raw`\bconcurren(?:cy|t)(?: [a-z]{1,16}){0,2} ${bound}${link}${count}`),
  new RegExp(String.raw`\b${bound}(?: [a-z]{1,16}){0,3} concurrency${link}${count}`),
  new RegExp(
    String.raw`\b(?:${bound}|at most|up to)${link}${count} (?:concurrent|simultaneous|parallel|in[- ]flight)\b`,
  ),
]
const largestLimit = 10_000

/** Reads how many at once a message says that the provider takes: "concurrency limit of 5"; `null` where it does not say. Source: C3. */
export const concurrencyStatedIn = (message: string): number | null => {
  const text = message.slice(0, readLength).toLowerCase()
  for (const statement of statements) {
    const limit = Number(statement.exec(text)?.[1] ?? 0)
    if (limit > 0 && limit <= largestLimit) return limit
  }
  return null
}
