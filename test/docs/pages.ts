import { configurationPage } from "./configuration-page.ts"
import { eventsPage } from "./events-page.ts"
import { tablesPage } from "./tables-page.ts"

/** The pages that are made from code, by their paths. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  "docs/configuration.md": configurationPage,
  "docs/events.md": eventsPage,
  "docs/tables.md": tablesPage,
}
