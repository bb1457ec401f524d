import type { ProviderStats } from "@sluice/simulator/provider.ts"
import { until } from "../../until.ts"
import type { Contestant } from "../contestants/contestant.ts"

const idleTimeoutMs = 60_000

/** What the upstream has counted since its last reset. */
export const statsOf = async ({ url }: Contestant): Promise<ProviderStats> =>
  (await (await fetch(`${url}/__stats`)).json()) as ProviderStats

/** Lets the upstream count from 0. */
export const countAnew = async ({ url }: Contestant): Promise<void> => {
  await fetch(`${url}/__stats/reset`, { method: "POST" })
}

/** Waits until the upstream has so many requests in flight. Fails: as `until`. */
export const untilInFlight = (upstream: Contestant, inFlight: number): Promise<void> =>
  until(
    async () => (await statsOf(upstream)).inFlight === inFlight,
    `${inFlight} in flight at the upstream`,
    idleTimeoutMs,
  )
