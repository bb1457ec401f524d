import { channelSubject, configurationSubject, idOf, kindOf } from "@sluice/events/identifier.ts"
import type { EventLog } from "@sluice/infra/event-log/event-log.ts"
import { isNamedBy } from "./folded-subject.ts"
import { ReplayFailed } from "./replay-failed.ts"

const configured: ReadonlySet<string> = new Set(["pool", "client", "settings"])
const kinds: ReadonlySet<string> = new Set([...configured, "channel", "account", "ingress"])
const shownNames = 5

/**
 * Finds the subject that holds an actor's facts.
 *
 * An account's is that of its channel, which only the log tells: it is looked for in the text of the commits, which need not be decoded for that.
 * Fails: rejects with `ReplayFailed`, which says what there is.
 * Source: L5.
 */
export const subjectOf = async (log: EventLog, actor: string): Promise<string> => {
  const kind = kindOf(actor)
  if (!kinds.has(kind) || idOf(actor) === "")
    throw new ReplayFailed({
      message: `${JSON.stringify(actor)} names no actor: expected channel/ID, account/ID, ingress/NODE, pool/ID, client/ID or settings/installation`,
    })
  const subjects = (await log.subjects()).toSorted()
  const found =
    kind === "account"
      ? await subjectOfAccount(log, actor, subjects)
      : subjects.find((subject) =>
          configured.has(kind) ? subject === configurationSubject : isNamedBy(actor, subject),
        )
  if (found !== undefined) return found
  throw new ReplayFailed({
    message: `there is no ${actor} in the log${kind === "account" ? "" : known(kind, subjects)}`,
  })
}

const known = (kind: string, subjects: ReadonlyArray<string>): string => {
  const prefix = `sluice.log.${kind}.`
  const names = subjects
    .filter((subject) => subject.startsWith(prefix))
    .map((subject) => `${kind}/${subject.slice(prefix.length)}`)
  if (names.length === 0) return ""
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : ""
  return `: there is ${names.slice(0, shownNames).join(", ")}${more}`
}

const subjectOfAccount = async (
  log: EventLog,
  actor: string,
  subjects: ReadonlyArray<string>,
): Promise<string | undefined> => {
  const channels = subjects.filter((subject) => subject.startsWith(channelSubject("")))
  const asText = JSON.stringify(actor)
  for (const subject of channels) {
    // What an account is told of first is its configuration, so most are found in the first commits.
    for await (const { body } of log.read({ subject, afterSequence: 0 }))
      if (body.includes(asText)) return subject
  }
  return undefined
}
