/** What is read of a JSON object: members as they are, members of members, or only the files that stand in one. Shape: lists are passed through, so that members are those of each item. */
export interface OutlineShape {
  readonly [name: string]: "value" | "files" | OutlineShape
}

/** A member that an outline names. */
export interface OutlineMember {
  readonly name: string
  /** The names from the outermost object on, with points between them. */
  readonly path: string
  /** What is read inside of it; `undefined` where it is read whole. */
  readonly inside: Outline | undefined
  /** True if only the files in it are counted. */
  readonly holdsFiles: boolean
}

/** The members that are read at one level. */
export interface Outline {
  readonly byFoldedName: ReadonlyMap<string, OutlineMember>
  /** Those whose names have as many letters as the place says. */
  readonly byLength: ReadonlyArray<ReadonlyArray<OutlineMember & { readonly bytes: Uint8Array }>>
}

/** Makes an outline, once for each kind of body. */
export const outlineOf = (shape: OutlineShape, within = ""): Outline => {
  const members = Object.entries(shape).map(([name, of]) => ({
    name,
    path: within + name,
    bytes: Buffer.from(name),
    inside: typeof of === "string" ? undefined : outlineOf(of, `${within}${name}.`),
    holdsFiles: of === "files",
  }))
  const longest = Math.max(0, ...members.map(({ name }) => name.length))
  return {
    byFoldedName: new Map(members.map((member) => [folded(member.name), member])),
    byLength: Array.from({ length: longest + 1 }, (_, length) =>
      members.filter(({ name }) => name.length === length),
    ),
  }
}

/** What a key stands for: a member of the outline, or a name that some readers take for one and others do not. */
export type KeyMeaning = OutlineMember | "ambiguous" | undefined

/** A key that is written with escapes only has six bytes for each letter. */
const escapedLetterBytes = 6

/** Reads a key. Shape: the key is what stands between its quotes, from `start` to `end`. */
export const meaningOfKey = (
  { byFoldedName, byLength }: Outline,
  bytes: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
): KeyMeaning => {
  const length = end - start
  for (const member of byLength[length] ?? []) {
    const likeness = likenessOf(member.bytes, bytes, start)
    if (likeness !== "none") return likeness === "same" ? member : "ambiguous"
  }
  if (length > byLength.length * escapedLetterBytes) return undefined
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number
    if (byte === 0x5c || byte >= 0x80) return meaningOfText(byFoldedName, bytes.toString("utf8", start, end))
  }
  return undefined
}

const meaningOfText = (byFoldedName: Outline["byFoldedName"], written: string): KeyMeaning => {
  const name = JSON.parse(`"${written}"`) as string
  const member = byFoldedName.get(folded(name))
  return member === undefined || member.name === name ? member : "ambiguous"
}

/** Names that differ in case only are one to some readers, to whom `ſ` is an `s` and the Kelvin sign a `k`. */
const folded = (name: string): string => name.toUpperCase().toLowerCase()

const likenessOf = (name: Uint8Array, bytes: Buffer, start: number): "same" | "folded" | "none" => {
  let isSame = true
  for (let at = 0; at < name.length; at += 1) {
    const wanted = name[at] as number
    const found = bytes[start + at] as number
    if (wanted === found) continue
    // Letters of both cases differ in this bit; so do a few signs, which no name here holds.
    if ((wanted ^ found) !== 0x20) return "none"
    isSame = false
  }
  return isSame ? "same" : "folded"
}

/** The members in which the protocols put files, and those that lead to them. */
const fileKeys = [
  { names: ["data", "url", "file_data"], kind: 1 },
  { names: ["content", "source", "input_audio", "file", "parts", "inlineData", "inline_data"], kind: 2 },
  { names: ["image_url"], kind: 3 },
].flatMap(({ names, kind }) => names.map((name) => ({ kind, bytes: Buffer.from(name) })))

const fileKeysByLength = Array.from({ length: 12 }, (_, length) =>
  fileKeys.filter(({ bytes }) => bytes.length === length),
)

/** Tells what a member may be to one who looks for files. Shape: 1 for the text of a file, 2 for what leads to one, 3 for either, 0 for neither. */
export const fileKindOfKey = (bytes: Buffer, start: number, end: number): number => {
  for (const key of fileKeysByLength[end - start] ?? [])
    if (likenessOf(key.bytes, bytes, start) === "same") return key.kind
  return 0
}
