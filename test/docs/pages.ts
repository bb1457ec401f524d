import { configurationPage } from "./configuration-page.ts"
import { errorsPage } from "./errors-page.ts"
import { eventsPage } from "./events-page.ts"
import { tablesPage } from "./tables-page.ts"

/** The pages that are made from the code, with what makes each. */
export const generatedPages: ReadonlyMap<string, () => string | Promise<string>> = new Map<
  string,
  () => string | Promise<string>
>([
  ["docs/configuration.md", configurationPage],
  ["docs/errors.md", errorsPage],
  ["docs/events.md", eventsPage],
  ["docs/tables.md", tablesPage],
])
