const width = 110

/** Wraps a paragraph of Markdown at 110 columns; a link or a piece of code is not broken. */
export const wrapped = (text: string, indent = ""): string => {
  const words = text.match(/`[^`]*`\S*|\[[^\]]*\]\([^)]*\)\S*|\S+/gu) ?? []
  const lines: Array<string> = []
  let line = ""
  for (const word of words) {
    const longer = line === "" ? word : `${line} ${word}`
    if (line !== "" && indent.length + longer.length > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].join(`\n${indent}`)
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ")

/** Returns a table of Markdown. */
export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map(cell).join(" | ")} |`).join("\n")

/** Joins the parts of a page, and says first that it is made. */
export const page = (title: string, parts: ReadonlyArray<string>): string =>
  `${[`# ${title}`, "<!-- Made by `npm run docs` from the code; change it there. -->", ...parts].join("\n\n")}\n`
