import { styleText } from "node:util"
import { visible } from "@sluice/infra/terminal/visible-text.ts"
import type { Story } from "@sluice/replay/explain/story.ts"
import { span } from "@sluice/replay/explain/wording.ts"
import { wrapped } from "../wrapped-text.ts"

const timeWidth = 12
const width = 100

/** Writes the story of a request for people: when, after its arrival, and what. Source: R2. */
export const storyText = (story: Story, { colours }: { readonly colours: boolean }): string => {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text
  const { request, arrivedAt, status, code } = story
  const end = status === null ? "under way" : `status ${status} (${visible(code ?? "")})`
  const lines = story.story.map(({ at, sentence }) => {
    const [first = "", ...more] = wrapped(visible(sentence), width - timeWidth)
    const after = `+${span(Math.max(0, at - arrivedAt))}`.padStart(timeWidth - 2)
    return [`${paint("dim", after)}  ${first}`, ...more.map((line) => " ".repeat(timeWidth) + line)].join(
      "\n",
    )
  })
  const head = `request ${visible(request)}, ${new Date(arrivedAt).toISOString().replace("T", " ").replace("Z", " UTC")}: ${end}`
  return [paint("bold", head), ...lines].join("\n")
}
