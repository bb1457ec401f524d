const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const comma = 0x2c
const colon = 0x3a

/**
 * Puts another value in the place of every member `key` of the outermost object, or adds the member where there is none, and keeps all other bytes.
 *
 * Shape: `body` is valid JSON whose outermost value is an object with at least one member; `value` is JSON.
 */
export const spliceMember = (body: Buffer, key: string, value: string): Buffer => {
  const ranges = memberRanges(body, key)
  const [first] = ranges
  if (first === undefined) {
    const inside = body.indexOf(openBrace) + 1
    return Buffer.concat([
      body.subarray(0, inside),
      Buffer.from(`${JSON.stringify(key)}:${value},`),
      body.subarray(inside),
    ])
  }
  const bytes = Buffer.from(value)
  const parts: Buffer[] = []
  let kept = 0
  for (const [start, end] of ranges) {
    parts.push(body.subarray(kept, start), bytes)
    kept = end
  }
  parts.push(body.subarray(kept))
  return Buffer.concat(parts)
}

/** Finds the values of a member of the outermost object; a key that stands there twice has two. */
const memberRanges = (body: Buffer, key: string): Array<readonly [start: number, end: number]> => {
  const ranges: Array<readonly [number, number]> = []
  let at = skipSpace(body, body.indexOf(openBrace) + 1)
  while (body[at] === quote) {
    const keyEnd = stringEnd(body, at)
    const name: unknown = JSON.parse(body.toString("utf8", at, keyEnd))
    const start = skipSpace(body, body.indexOf(colon, keyEnd) + 1)
    const end = valueEnd(body, start)
    if (name === key) ranges.push([start, end])
    at = skipSpace(body, end)
    if (body[at] !== comma) break
    at = skipSpace(body, at + 1)
  }
  return ranges
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

const skipSpace = (body: Buffer, from: number): number => {
  let at = from
  while (isSpace(body[at])) at += 1
  return at
}

/** Finds the place after a string. Its inside is searched natively, since long texts make up most of a body. */
const stringEnd = (body: Buffer, from: number): number => {
  let at = from
  for (;;) {
    at = body.indexOf(quote, at + 1)
    if (at === -1) throw new Error("a string of a parsed body has no end")
    let escapes = 0
    while (body[at - 1 - escapes] === backslash) escapes += 1
    if (escapes % 2 === 0) return at + 1
  }
}

const valueEnd = (body: Buffer, from: number): number => {
  const first = body[from]
  if (first === quote) return stringEnd(body, from)
  if (first === openBrace || first === openBracket) return nestedEnd(body, from)
  let at = from
  while (at < body.length && body[at] !== comma && body[at] !== closeBrace && !isSpace(body[at])) at += 1
  return at
}

const nestedEnd = (body: Buffer, from: number): number => {
  let depth = 0
  let at = from
  for (;;) {
    const byte = body[at]
    if (byte === undefined) throw new Error("a value of a parsed body has no end")
    if (byte === quote) {
      at = stringEnd(body, at)
      continue
    }
    at += 1
    if (byte === openBrace || byte === openBracket) depth += 1
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth === 0) return at
    }
  }
}
