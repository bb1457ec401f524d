import { styleText } from "node:util"
import { describe, expect, test } from "vitest"
import { visible, visibleOutput } from "./visible-text.ts"

const attacks = [
  ["\u001b]0;owned\u0007", String.raw`\u001b]0;owned\u0007`],
  ["\u001b[31mred", String.raw`\u001b[31mred`],
  ["a\rb", String.raw`a\u000db`],
  ["a\nb\tc", String.raw`a\u000ab\u0009c`],
  ["\u009b2J", String.raw`\u009b2J`],
  ["\u007f\u0000", String.raw`\u007f\u0000`],
  ["\u202egpj.exe", String.raw`\u202egpj.exe`],
  ["gpt\u200b-5\ufeff", String.raw`gpt\u200b-5\ufeff`],
  ["a\u2028b\u2066c", String.raw`a\u2028b\u2066c`],
  ["\u{e0041}\ud800", String.raw`\udb40\udc41\ud800`],
] as const

describe("a text from elsewhere", () => {
  test.each(attacks)("%j is shown as %s", (text, shown) => expect(visible(text)).toBe(shown))

  test.each(["gpt-5.2", "Grüße 😀", "模型", "← 1 µs"])("%s stays as it is", (text) =>
    expect(visible(text)).toBe(text),
  )
})

describe("a whole output", () => {
  test("keeps its lines and the colours that this program puts in, and nothing else that a terminal obeys", () => {
    const bold = styleText("bold", "a", { validateStream: false })
    expect(visibleOutput(`${bold}\n\tb`)).toBe(`${bold}\n\tb`)
    for (const [text] of attacks.slice(2, -1)) {
      const shown = visibleOutput(`${bold}${text}`)
      expect(shown.slice(0, bold.length)).toBe(bold)
      expect(shown.slice(bold.length)).not.toMatch(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u)
    }
    expect(visibleOutput("\u001b]0;owned\u0007\u001b[2J")).toBe(String.raw`\u001b]0;owned\u0007\u001b[2J`)
  })

  test("that is JSON means the same", () => {
    const value = { model: attacks.map(([text]) => text).join("") }
    expect(JSON.parse(visibleOutput(JSON.stringify(value)))).toEqual(value)
  })
})
