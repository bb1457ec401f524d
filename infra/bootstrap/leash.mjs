// Loaded before a script that `runInForeground` starts: when the process that passes on its signals is gone, the script is told to stop.
const { channel, execArgv } = process
if (channel !== undefined && channel !== null) {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
  channel.unref()
  // The script's own child processes are no concern of the leash.
  const at = execArgv.indexOf(import.meta.url)
  if (at > 0) execArgv.splice(at - 1, 2)
}
