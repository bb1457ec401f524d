import { Schema } from "effect"
import { ClientConfiguration, PoolConfiguration, Settings } from "./configuration/configuration.ts"
import { ChangedBy, Count, fact } from "./field.ts"

const changed = { revision: Count, by: ChangedBy }

/** What can happen to pools, clients and settings, which are folded without an actor. Source: docs/events.md. */
export const ConfigurationFact = Schema.Union([
  fact("pool.configured", { config: PoolConfiguration, ...changed }),
  fact("pool.removed", { by: ChangedBy }),
  fact("client.configured", { config: ClientConfiguration, ...changed }),
  fact("client.removed", { by: ChangedBy }),
  fact("settings.configured", { config: Settings, ...changed }),
])
export type ConfigurationFact = typeof ConfigurationFact.Type
