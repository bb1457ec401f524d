/** The name of an event: its `event` line or, where an upstream leaves that out, the `type` of its data, if it is among those that are `known`. */
export const eventName = (event: string, known: { readonly has: (name: string) => boolean }): string => {
  const line = event.startsWith("event:") ? 0 : event.indexOf("\nevent:") + 1
  if (line > 0 || event.startsWith("event:")) {
    const end = event.indexOf("\n", line)
    return event.slice(line + "event:".length, end === -1 ? undefined : end).trim()
  }
  for (let at = event.indexOf('"type"'); at !== -1; at = event.indexOf('"type"', at + 6)) {
    const name = event.indexOf('"', at + 6)
    const end = event.indexOf('"', name + 1)
    if (name === -1 || end === -1) break
    const type = event.slice(name + 1, end)
    if (known.has(type)) return type
  }
  return ""
}
