import { visibleOutput } from "./visible-text.ts"

/** Writes a text as it stands to stdout, but nothing that a terminal would obey save colours. Returns false when whoever reads it takes no more for now. */
export const print = (text: string): boolean => process.stdout.write(visibleOutput(text))

/** Does the same to stderr. `then` is called when it is written. */
export const printError = (text: string, then?: () => void): boolean =>
  process.stderr.write(visibleOutput(text), then)
