/** Control characters, what sets the direction of writing or joins and hides characters, line separators, and halves of a pair. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** As `unseen`, but for the line ends of a text and its tabs; with what sets a colour, if it is that. */
const unseenInOutput = /[^\P{Cc}\n\t](?:\[[\d;]*m)?|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
const escape = "\u001b"

const unitsOf = (characters: string): string => {
  let escaped = ""
  for (let at = 0; at < characters.length; at += 1)
    escaped += `\\u${characters.charCodeAt(at).toString(16).padStart(4, "0")}`
  return escaped
}

/**
 * Writes what a terminal would obey, or a reader could not see, as `\u001b`: escape sequences, carriage returns and new lines, C1 controls, reversed writing, characters without width.
 *
 * For a text from elsewhere (a model's name, an upstream's words) before it gets a colour or a place in a table. In a JSON text the escapes mean what they stand for.
 */
export const visible = (text: string): string => text.replace(unseen, unitsOf)

/** Does so in a whole output, and leaves its lines, tabs and colours. */
export const visibleOutput = (output: string): string =>
  output.replace(unseenInOutput, (found) => {
    if (found.length === 1) return unitsOf(found)
    return found.startsWith(escape) ? found : visible(found)
  })
