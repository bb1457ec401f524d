/** What tells one example request from another. */
export interface Example {
  readonly number: number
  readonly at: number
  readonly channel: string
  readonly account: string
  readonly lease: { readonly request: string; readonly attempt: number; readonly lease: string }
  readonly isRefused: boolean
  readonly isRateLimited: boolean
  /** The first one of its channel. */
  readonly isFirst: boolean
  /** Its session stays on the account only as long as it does. */
  readonly session: string | undefined
}

/** When the first one arrives: two seconds before a month ends. */
export const startMs = Date.UTC(2026, 9, 31, 23, 59, 58)
const spacingMs = 7

/** How long each of them holds its slots. */
export const holdMs = 800

/** The model that all of them ask for. */
export const model = "demo-gpt"

/** Makes an example; the same arguments give the same one. */
export const exampleOf = (number: number, channels: number): Example => {
  const channel = `channel-${number % channels}`
  const digits = String(number).padStart(20, "0")
  return {
    number,
    at: startMs + number * spacingMs,
    channel,
    account: `key-${number % channels}`,
    lease: { request: `request-${digits}`, attempt: 1, lease: `lease-${digits}` },
    isRefused: number % 10 === 9,
    isRateLimited: number % 10 === 4,
    isFirst: number < channels,
    session: number % 10 === 2 ? number.toString(16).padStart(16, "0") : undefined,
  }
}
