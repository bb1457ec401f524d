/** Cuts a text that is too long for its place. Units: `size` in characters. */
export const cut = (text: string, size: number): string =>
  text.length <= size ? text : `${text.slice(0, Math.max(1, size - 1))}…`

/** Breaks a text between words into lines that are no longer than they may be; a longer word is cut. Units: `size` in characters. */
export const wrapped = (text: string, size: number): ReadonlyArray<string> => {
  const lines: Array<string> = [""]
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? ""
    if (line !== "" && line.length + word.length + 1 > size) lines.push(cut(word, size))
    else lines[lines.length - 1] = cut(line === "" ? word : `${line} ${word}`, size)
  }
  return lines
}
