/** What may come next between two tokens. */
export const expects = {
  value: 0,
  valueOrEnd: 1,
  keyOrEnd: 2,
  key: 3,
  colon: 4,
  commaOrEnd: 5,
  nothing: 6,
} as const

/** Which token has begun and has not ended yet. */
export const token = { none: 0, text: 1, number: 2, word: 3 } as const

/** The bytes that end a run of plain characters in a text: its end, an escape, and what must not stand there. */
export const endsRun = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === 0x22 || byte === 0x5c ? 1 : 0,
)

/** The escapes of one letter. */
export const isEscape = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
)

/** The digits of an escape by number. */
export const isHexDigit = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9a-fA-F]/.test(String.fromCharCode(byte)) ? 1 : 0,
)

/** Numbers are followed digit by digit: a state for each place in one. 0 is no place. */
const places = ["", "minus", "zero", "whole", "point", "fraction", "e", "sign", "exponent"] as const
type Place = (typeof places)[number]

const steps: Readonly<Record<Place, ReadonlyArray<readonly [bytes: string, to: Place]>>> = {
  "": [
    ["-", "minus"],
    ["0", "zero"],
    ["123456789", "whole"],
  ],
  minus: [
    ["0", "zero"],
    ["123456789", "whole"],
  ],
  zero: [
    [".", "point"],
    ["eE", "e"],
  ],
  whole: [
    ["0123456789", "whole"],
    [".", "point"],
    ["eE", "e"],
  ],
  point: [["0123456789", "fraction"]],
  fraction: [
    ["0123456789", "fraction"],
    ["eE", "e"],
  ],
  e: [
    ["+-", "sign"],
    ["0123456789", "exponent"],
  ],
  sign: [["0123456789", "exponent"]],
  exponent: [["0123456789", "exponent"]],
}

/** Returns the next place in a number at `place × 256 + byte`; 0 where the byte is no part of it. A number begins from place 0. */
export const nextPlace = Uint8Array.from({ length: places.length * 256 }, (_, at) => {
  const byte = String.fromCharCode(at % 256)
  const found = steps[places[Math.floor(at / 256)] ?? ""].find(([bytes]) => bytes.includes(byte))
  return found === undefined ? 0 : places.indexOf(found[1])
})

/** True if a number may end at a place. */
export const mayEnd: ReadonlyArray<boolean> = places.map((place) =>
  ["zero", "whole", "fraction", "exponent"].includes(place),
)

/** The words that are values, by their first byte. */
export const words: ReadonlyMap<number, string> = new Map(
  ["true", "false", "null"].map((word) => [word.charCodeAt(0), word]),
)
