import type { Configuration } from "@sluice/infra/configuration/configuration.ts"
import { TrustedProxies } from "@sluice/infra/network/network.ts"
import { createRoutes, type Routes } from "./admission/routes.ts"
import { createMostOutput } from "./usage/most-output.ts"

/** The configuration in force and what follows from it; it is replaced as a whole. */
export interface InForce {
  configuration: Configuration
  routes: Routes
  trustedProxies: TrustedProxies
  /** Returns how many tokens a model can write at most, where that is known. */
  mostOutputOf: (model: string) => number | undefined
}

/** Makes of a configuration what requests are asked by. */
export const inForce = (configuration: Configuration): InForce => ({
  configuration,
  routes: createRoutes(configuration.wanted),
  trustedProxies: new TrustedProxies(configuration.wanted.settings.trustedProxies),
  mostOutputOf: createMostOutput(configuration),
})
