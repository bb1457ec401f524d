import { decodeCommit, type Fact } from "@sluice/events/commit.ts"
import { channelDecider } from "@sluice/ingress/channel-decider.ts"
import { configurationDecider } from "@sluice/ingress/configuration-decider.ts"
import { ingressDecider } from "@sluice/ingress/ingress-decider.ts"

interface Fold {
  evolve(fact: Fact): void
  state(): unknown
}

const foldOf = (subject: string): Fold => {
  if (subject.startsWith("sluice.log.channel.")) {
    const group = channelDecider.create()
    return {
      evolve: (fact) => channelDecider.evolve(group, fact),
      state: () => channelDecider.snapshot(group),
    }
  }
  if (subject.startsWith("sluice.log.ingress.")) {
    const ingress = ingressDecider.create()
    return {
      evolve: (fact) => ingressDecider.evolve(ingress, fact),
      state: () => ingressDecider.snapshot(ingress),
    }
  }
  const kept = configurationDecider.create()
  return {
    evolve: (fact) => configurationDecider.evolve(kept, fact),
    state: () => ({
      pools: [...kept.stored.pools],
      clients: [...kept.stored.clients],
      settings: kept.stored.settings,
    }),
  }
}

/** Folds a recorded stream, a line a commit, into the state of each subject. */
export const statesOf = async (lines: ReadonlyArray<string>): Promise<Record<string, unknown>> => {
  const folds = new Map<string, Fold>()
  for (const line of lines) {
    const { subject, body } = JSON.parse(line) as { subject: string; body: unknown }
    const fold = folds.get(subject) ?? foldOf(subject)
    folds.set(subject, fold)
    for (const fact of decodeCommit(JSON.stringify(body)).facts) fold.evolve(fact)
  }
  const states = [...folds].map(([subject, fold]) => [subject, fold.state()])
  return JSON.parse(JSON.stringify(Object.fromEntries(states))) as Record<string, unknown>
}
