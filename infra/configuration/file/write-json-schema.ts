import { writeFileSync } from "node:fs"
import { configurationJsonSchema } from "./json-schema.ts"

// Makes the committed JSON Schema anew, after a change of the configuration's fields.
writeFileSync(
  new URL("sluice.schema.json", import.meta.url),
  `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`,
)
