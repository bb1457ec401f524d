import { writeFile } from "node:fs/promises"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { statesOf } from "./states.ts"

/** Writes all that a log holds as a golden stream, with the states that it makes. Source: L13. */
export const writeStream = async (name: string, log: EventLog): Promise<void> => {
  const lines: Array<string> = []
  for await (const { subject, body } of log.read({ afterSequence: 0 }))
    lines.push(JSON.stringify({ subject, body: JSON.parse(body) }))
  const folder = new URL(".", import.meta.url)
  await writeFile(new URL(`${name}.jsonl`, folder), `${lines.join("\n")}\n`)
  const states = JSON.stringify(statesOf(lines), null, 2)
  await writeFile(new URL(`${name}.states.json`, folder), `${states}\n`)
}
