/** Writes an instant. Units: UTC. */
export const instant = (at: number): string =>
  new Date(at).toISOString().replace("T", " ").replace("Z", " UTC")

/** Writes a span of time. Units: milliseconds in. */
export const span = (ms: number): string => {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 120_000) return `${Number((ms / 1_000).toFixed(1))} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${Number((ms / 3_600_000).toFixed(1))} h`
}

/** Writes an amount of money. Units: nano-USD in. */
export const usd = (nanoUsd: number): string => `${(nanoUsd / 1e9).toFixed(6)} USD`

/** Counts things. */
export const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? "" : "s"}`
