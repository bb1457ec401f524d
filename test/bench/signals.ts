/** Ends everything and then this process when it is told to end; what still runs fails meanwhile, and nobody waits for it. */
export const endWithSignals = (running: AsyncDisposable): void => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)
    process.once(signal, () => {
      process.removeAllListeners("uncaughtException")
      void running[Symbol.asyncDispose]().finally(() => process.exit(code))
    })
}
