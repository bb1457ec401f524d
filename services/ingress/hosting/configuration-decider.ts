import {
  checkpointConfiguration,
  configurationFromCheckpoint,
} from "@sluice/actors/configuration/checkpoint.ts"
import {
  configurationFacts,
  foldConfiguration,
  noConfiguration,
  type StoredConfiguration,
  type Wanted,
} from "@sluice/actors/configuration/configuration.ts"
import type { ConfigurationFact } from "@sluice/events/configuration-fact.ts"
import type { Decider, Denial } from "@sluice/infra/actor-host/decider.ts"

/** Pools, clients and settings, as the actor host keeps them. */
export interface StoredObjects {
  stored: StoredConfiguration
}

/** Pools, clients and settings, which have facts but no actor. They are few, and folded anew at each start. Source: L5. */
export const configurationDecider: Decider<StoredObjects, Wanted, Denial> = {
  create: () => ({ stored: noConfiguration }),
  evolve: (kept, fact) => {
    kept.stored = foldConfiguration([fact as ConfigurationFact], kept.stored)
  },
  decide: ({ stored }, wanted, now) => ({
    kind: "facts",
    facts: configurationFacts(stored, { ...wanted, at: now }),
  }),
  reactions: () => [],
  dueAt: () => null,
  snapshot: () => null,
  restore: () => ({ stored: noConfiguration }),
  checkpoint: ({ stored }, { at }) => checkpointConfiguration(stored, at),
  fromCheckpoint: (facts) => {
    const stored = configurationFromCheckpoint(facts)
    return stored && { stored }
  },
  machineHash: "folded",
}
