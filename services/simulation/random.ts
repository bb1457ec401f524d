/** Draws from an exponential distribution, such as the gaps between independent arrivals. */
export const drawExponential = (random: () => number, mean: number): number => -mean * Math.log(1 - random())

/** The shape of a log-normal distribution. */
export interface LogNormal {
  readonly mu: number
  readonly sigma: number
}

/** How many standard deviations the 95th percentile of a normal distribution lies above its median. */
const z95 = 1.6448536269514722

/** Returns the log-normal distribution of a median, and of the ratio of its 95th percentile to it. */
export const logNormal = ({ median, p95OverP50 }: { median: number; p95OverP50: number }): LogNormal => ({
  mu: Math.log(median),
  sigma: Math.log(p95OverP50) / z95,
})

/** Returns the mean of a log-normal distribution. */
export const meanOf = ({ mu, sigma }: LogNormal): number => Math.exp(mu + (sigma * sigma) / 2)

/** Draws from a log-normal distribution. Source: Box and Muller, A Note on the Generation of Random Normal Deviates, 1958. */
export const drawLogNormal = (random: () => number, { mu, sigma }: LogNormal): number => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Math.exp(mu + sigma * normal)
}
