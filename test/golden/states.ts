import { repairPrefix } from "@sluice/events/identifier.ts"
import { Fold } from "@sluice/infra/actor-host/fold.ts"
import { bodyOf, repairIn } from "@sluice/infra/event-log/repair/repaired-log.ts"
import { channelDecider } from "@sluice/ingress/hosting/channel-decider.ts"
import { configurationDecider } from "@sluice/ingress/hosting/configuration-decider.ts"
import { ingressDecider } from "@sluice/ingress/hosting/ingress-decider.ts"

interface Folding {
  add(message: { readonly body: string; readonly sequence: number }): unknown
  state(): unknown
}

const foldingOf = (subject: string): Folding => {
  if (subject.startsWith("sluice.log.channel.")) {
    const fold = new Fold(channelDecider)
    return { add: (message) => fold.add(message), state: () => channelDecider.snapshot(fold.state) }
  }
  if (subject.startsWith("sluice.log.ingress.")) {
    const fold = new Fold(ingressDecider)
    return { add: (message) => fold.add(message), state: () => ingressDecider.snapshot(fold.state) }
  }
  const fold = new Fold(configurationDecider)
  return {
    add: (message) => fold.add(message),
    state: () => {
      const { pools, clients, settings } = fold.state.stored
      return { pools: [...pools], clients: [...clients], settings }
    },
  }
}

/** Folds stored commits, in their order, into the state of each subject, as JSON. Fails: throws where one cannot be read or is out of place. */
export const statesOfStored = (
  messages: Iterable<{ readonly subject: string; readonly sequence: number; readonly body: string }>,
): Record<string, unknown> => {
  const folds = new Map<string, Folding>()
  for (const { subject, body, sequence } of messages) {
    const fold = folds.get(subject) ?? foldingOf(subject)
    folds.set(subject, fold)
    fold.add({ body, sequence })
  }
  const states = [...folds].map(([subject, fold]) => [subject, fold.state()])
  return JSON.parse(JSON.stringify(Object.fromEntries(states))) as Record<string, unknown>
}

/** Folds a recorded stream, a line a commit, into the state of each subject, as its repairs have it. */
export const statesOf = (lines: ReadonlyArray<string>): Record<string, unknown> => {
  const written = lines.map((line) => JSON.parse(line) as { subject: string; body: { commit: string } })
  const repairs = written.flatMap(
    ({ subject, body }) => repairIn({ subject, body: JSON.stringify(body) }) ?? [],
  )
  const bodies = new Map(repairs.map((repair) => [`${repair.subject} ${repair.commit}`, bodyOf(repair)]))
  return statesOfStored(
    written.flatMap(({ subject, body }, place) =>
      subject.startsWith(repairPrefix)
        ? []
        : [
            {
              subject,
              sequence: place + 1,
              body: bodies.get(`${subject} ${body.commit}`) ?? JSON.stringify(body),
            },
          ],
    ),
  )
}
