import { ConfigurationFile } from "@sluice/events/configuration/configuration.ts"
import { JsonSchema, Schema } from "effect"

/** Makes the JSON Schema of the configuration file, from which editors complete and explain its fields. Source: S4. */
export const configurationJsonSchema = (): JsonSchema.JsonSchema => {
  const { schema } = JsonSchema.toDocumentDraft07(
    Schema.toJsonSchemaDocument(ConfigurationFile, { onExcessProperty: "error" }),
  )
  return { $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07, title: "Sluice configuration", ...schema }
}
