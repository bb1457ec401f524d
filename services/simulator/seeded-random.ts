/** A stream of numbers in 0…1 that is the same for the same seed and stream name. */
export type Random = () => number

/**
 * Opens the stream of one request, named by its key or by its place in the order of arrival.
 * Source: SplitMix (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014) on 32 bits,
 * with the finaliser of MurmurHash3.
 */
export function seededRandom(seed: number, stream: string | number): Random {
  // Mixed, since neighbouring streams would otherwise be one sequence shifted by one draw.
  let state = mix(mix(seed) ^ (typeof stream === "number" ? stream : hashText(stream)))
  return () => {
    state = (state + 0x9e3779b9) | 0
    return (mix(state) >>> 0) / 0x1_0000_0000
  }
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

/** Draws an id as providers make them: `length` letters and digits. */
export function drawId(random: Random, length: number): string {
  let id = ""
  for (let at = 0; at < length; at += 5) {
    let bits = Math.floor(random() * 656_356_768) // 58⁵: five characters of one draw
    for (let digit = Math.min(5, length - at); digit > 0; digit -= 1) {
      id += base58[bits % 58]
      bits = Math.floor(bits / 58)
    }
  }
  return id
}

/** Draws a value within `± fraction` of `mean`. */
export function drawAround(random: Random, mean: number, fraction: number): number {
  return mean * (1 + fraction * (2 * random() - 1))
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
