import { clientKey, type Contestant } from "../contestants/contestant.ts"
import type { ClientName } from "./arrivals.ts"

/** The key of each client. */
export const keys: Readonly<Record<ClientName, string>> = {
  polite: clientKey,
  greedy: "sk-bench-greedy-0123456789",
}

/** What a client sends beside the body: its key to Sluice; to others, which pass it on, the one that the upstream counts by. */
export const headersOf = (
  { name, headers }: Pick<Contestant, "name" | "headers">,
  client: ClientName,
): Record<string, string> =>
  name === "sluice" ? { ...headers, authorization: `Bearer ${keys[client]}` } : headers
