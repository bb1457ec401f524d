const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
const lastResortMs = 20_000

/** Whether this process was told to end, and with which exit code then. */
export interface Told {
  exitCode: number | undefined
}

/** Ends everything when this process is told to end; what was being done fails of that by itself. */
export const endWithSignals = (running: AsyncDisposable): Told => {
  const told: Told = { exitCode: undefined }
  for (const [signal, code] of Object.entries(exitCodes))
    process.once(signal, () => {
      told.exitCode = code
      setTimeout(() => process.exit(code), lastResortMs).unref()
      void running[Symbol.asyncDispose]()
    })
  return told
}
