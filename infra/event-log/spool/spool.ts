/** Whether commits may go to the spool, and how much it may hold. */
export interface SpoolPolicy {
  readonly isOn: boolean
  readonly limitBytes: number
}

/** What an operator has to know of a spool. */
export interface SpoolListener {
  /** The log does not answer: commits go to the spool. */
  onBegun(begun: { readonly reason: string }): void
  /** The spool holds commits that are not in the log, since a while: told once a minute. */
  onHolding(holding: { readonly commits: number; readonly bytes: number; readonly seconds: number }): void
  /** All that the spool held is in the log, or refused. */
  onDrained(drained: SpoolFigures & { readonly seconds: number }): void
  /** A commit that was taken will never be in the log; its bytes are kept in the spool's file `refused`. */
  onRefused(refused: { readonly subject: string; readonly commit: string; readonly error: unknown }): void
  /** A torn end was cut off at the start. */
  onCut(cut: { readonly bytes: number }): void
  /** The spool takes no more: commits wait in memory. */
  onFull(full: { readonly reason: string }): void
  /** Commits are stored again, after `onFull`. */
  onRoom(): void
}

/** What went through a spool. */
export interface SpoolFigures {
  readonly commits: number
  readonly facts: number
  readonly bytes: number
}

/** What a spool is doing. */
export interface SpoolState {
  /** It holds commits that are not in the log yet. */
  readonly isHolding: boolean
  /** How many commits it holds that are not in the log yet. */
  readonly commits: number
  readonly bytes: number
  /** Less than half of it is used, and it takes what it is given. Source: L9. */
  readonly hasRoom: boolean
}
