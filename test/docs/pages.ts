import { configurationPage } from "./configuration-page.ts"
import { errorsPage } from "./errors-page.ts"

/** The pages that are made from the code, with what makes each. */
export const generatedPages: ReadonlyMap<string, () => string | Promise<string>> = new Map([
  ["docs/configuration.md", configurationPage],
  ["docs/errors.md", errorsPage],
])
