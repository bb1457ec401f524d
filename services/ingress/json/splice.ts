import type { MemberRange } from "./scan.ts"

const openBrace = 0x7b
const closeBrace = 0x7d

/** A value that a member is to have. */
export interface Edit {
  /** Names joined by points; all but the last are those of objects that are there. */
  readonly path: string
  /** Shape: JSON. */
  readonly value: string
}

interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

/**
 * Puts values in the place of those of members, or adds the members where there are none, and keeps all other bytes.
 *
 * Shape: `body` is a JSON object, and `ranges` says where the members stand that have been found in it.
 */
export const splice = (
  body: Buffer,
  ranges: ReadonlyArray<MemberRange>,
  edits: ReadonlyArray<Edit>,
): Buffer => {
  const replacements = edits
    .map((edit) => replacementOf(body, ranges, edit))
    .toSorted((one, other) => one.start - other.start)
  const parts: Buffer[] = []
  let kept = 0
  for (const { start, end, text } of replacements) {
    parts.push(body.subarray(kept, start), Buffer.from(text))
    kept = end
  }
  parts.push(body.subarray(kept))
  return Buffer.concat(parts)
}

const replacementOf = (
  body: Buffer,
  ranges: ReadonlyArray<MemberRange>,
  { path, value }: Edit,
): Replacement => {
  const found = ranges.find((range) => range.path === path)
  if (found !== undefined) return { start: found.start, end: found.end, text: value }
  const point = path.lastIndexOf(".")
  const around = ranges.find((range) => range.path === path.slice(0, Math.max(0, point)))
  const inside = body.indexOf(openBrace, around?.start ?? 0) + 1
  const text = `${JSON.stringify(path.slice(point + 1))}:${value}`
  return { start: inside, end: inside, text: isEmptyFrom(body, inside) ? text : `${text},` }
}

const isEmptyFrom = (body: Buffer, from: number): boolean => {
  let at = from
  while (isSpace(body[at])) at += 1
  return body[at] === closeBrace
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
