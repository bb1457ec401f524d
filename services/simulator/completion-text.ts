const passage =
  "Water comes down to the gate faster than the channel below can take it. The keeper looks at the " +
  "marks on the post, turns the wheel by a hand, and waits until the level settles. When a boat has " +
  "gone through, the next one may enter; the others lie in line along the bank, in the order in which " +
  "they came. Some days the river is high and the gate stays low for hours. Some days nobody comes at " +
  "all. Each turn of the wheel goes into the book with its hour, so that whoever keeps the gate " +
  "tomorrow knows what was done today and why. No boat is told that it went through before the line is " +
  "written, and no line is ever struck out. "

// Read from here for ever: no character of it needs escaping in JSON, so slices go into answers as they are.
const words = passage.match(/\S+\s*/g) ?? []
const tableTokens = 8192
const offsets = new Int32Array(tableTokens + 1)
let table = ""
for (let token = 0; token < tableTokens; token += 1) {
  table += words[token % words.length]
  offsets[token + 1] = table.length
}
// Flattened once here, or the first request would pay for it.
table = Buffer.from(table, "latin1").toString("latin1")

/** Number of different places that a completion can begin at. */
export const textStarts = words.length

/**
 * `count` tokens (one word each) of an endless text, from token `from` on, as they stand in a JSON string.
 */
export function completionText(from: number, count: number): string {
  let at = from % tableTokens
  let text = ""
  for (let left = count; left > 0;) {
    const taken = Math.min(left, tableTokens - at)
    text += table.slice(offsets[at], offsets[at + taken])
    left -= taken
    at = 0
  }
  return text
}
