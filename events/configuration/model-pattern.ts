/** A pattern of models' names that was read. */
export interface ModelPattern {
  /** True if it is one name and matches no other. */
  readonly isLiteral: boolean
  /** How many characters of a name it fixes; where several patterns match, the larger number is the more exact one. */
  readonly literalLength: number
  /** True if a name matches. It takes at most the length of the name times that of the pattern, whatever either holds. */
  readonly matches: (model: string) => boolean
}

/** One character of a name by its code, one of a set of them, or any text. */
type Token = number | ReadonlySetOfCodes | "text"
type ReadonlySetOfCodes = (code: number) => boolean

const longestPattern = 256
const mostAlternatives = 32
const special = /[*?[\]{}()]|^!/
const anyCharacter: ReadonlySetOfCodes = () => true

/**
 * Reads a pattern of models: a name in which `*` stands for any text, `?` for one character, `[a-c]` for one of those, `[!a-c]` for one of the others, and `{a,b}` for either text.
 *
 * Slashes are characters as any other. What other globs know beyond this (`!(…)`, `+(…)`) has no match in bounded time and is none.
 * Fails: returns what is expected in its place, as text.
 */
export const readModelPattern = (pattern: string): ModelPattern | string => {
  if (pattern.length > longestPattern) return `at most ${longestPattern} characters`
  if (!special.test(pattern))
    return { isLiteral: true, literalLength: pattern.length, matches: (model) => model === pattern }
  if (/[()]|^!/.test(pattern)) return "a name or a pattern of *, ?, [a-c] and {a,b}"
  const written = alternatives(pattern)
  if (written === undefined) return `braces that close, with at most ${mostAlternatives} alternatives in all`
  const read = written.map(tokensOf)
  const tokens = read.filter((one) => one !== undefined)
  if (tokens.length < read.length) return "brackets that close, with at least one character between them"
  return {
    isLiteral: false,
    literalLength: pattern.replaceAll(/[*?]|\[[^\]]*\]|\{[^}]*\}/g, "").length,
    matches: (model) => tokens.some((one) => follows(model, one)),
  }
}

/** Writes out what stands in braces; `undefined` where these do not close, or there are too many. */
const alternatives = (pattern: string): ReadonlyArray<string> | undefined => {
  let done: ReadonlyArray<string> = [pattern]
  for (;;) {
    const open = done[0]?.lastIndexOf("{") ?? -1
    if (open === -1) return done.some((one) => one.includes("}")) ? undefined : done
    const next = done.flatMap((one) => {
      const close = one.indexOf("}", open)
      if (close === -1) return []
      const inside = one.slice(open + 1, close).split(",")
      return inside.map((choice) => one.slice(0, open) + choice + one.slice(close + 1))
    })
    if (next.length === 0 || next.length > mostAlternatives) return undefined
    done = next
  }
}

const tokensOf = (text: string): ReadonlyArray<Token> | undefined => {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === "*") tokens.push("text")
    else if (character === "?") tokens.push(anyCharacter)
    else if (character === "[") {
      const close = text.indexOf("]", at + 2)
      if (close === -1) return undefined
      tokens.push(setOf(text.slice(at + 1, close)))
      at = close
    } else if (character === "]") return undefined
    else tokens.push(text.charCodeAt(at))
  }
  return tokens
}

const setOf = (written: string): ReadonlySetOfCodes => {
  const isOthers = written.startsWith("!") || written.startsWith("^")
  const inside = isOthers ? written.slice(1) : written
  const ranges = [...inside.matchAll(/([^])-([^])|([^])/g)].map(([, from, to, one = ""]) => ({
    first: (from ?? one).charCodeAt(0),
    last: (to ?? one).charCodeAt(0),
  }))
  return (code) => ranges.some(({ first, last }) => first <= code && code <= last) !== isOthers
}

/** Goes on from the newest `*` alone where the rest does not fit, since any text before it that fits will do. */
const follows = (model: string, tokens: ReadonlyArray<Token>): boolean => {
  let at = 0
  let token = 0
  let resumeAt = 0
  let resumeToken = -1
  while (at < model.length) {
    const wanted = tokens[token]
    if (wanted === "text") {
      token += 1
      if (token === tokens.length) return true
      resumeToken = token
      resumeAt = at
    } else if (wanted !== undefined && fits(wanted, model.charCodeAt(at))) {
      at += 1
      token += 1
    } else if (resumeToken === -1) return false
    else {
      resumeAt += 1
      at = resumeAt
      token = resumeToken
    }
  }
  while (tokens[token] === "text") token += 1
  return token === tokens.length
}

const fits = (wanted: number | ReadonlySetOfCodes, code: number): boolean =>
  typeof wanted === "number" ? wanted === code : wanted(code)
