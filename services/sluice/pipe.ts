/** Ends this process well when whoever reads its output has had enough, as `head` does. */
export const endQuietlyOnClosedPipe = (): void => {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    process.exit(0)
  })
}
