/** Ends this process well when whoever reads its output has had enough, as `head` does. */
export const endQuietlyOnClosedPipe = (): void => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    process.exit(0)
  })
}

/** Returns a signal that aborts when whoever reads the output has had enough, for a command that has something to put away before it ends. */
export const closedPipe = (): AbortSignal => {
  const closed = new AbortController()
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    closed.abort()
  })
  return closed.signal
}
