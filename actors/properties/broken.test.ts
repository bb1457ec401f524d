import type { Fact } from "@sluice/events/commit.ts"
import { expect, it } from "vitest"
import { decide } from "../decisions/decide.ts"
import { reactions } from "../decisions/reactions.ts"
import { contextOf } from "../group/group.ts"
import { isFoundOut } from "../testing/history.ts"
import type { Decider, Rule } from "../testing/live.ts"
import { accountLimit, leases, reservation } from "./capacity.ts"
import { cooldownsPaired, pausesGrow, testsAlone } from "./health.ts"
import { factsInShape } from "./log.ts"
import { lanesInOrder, nobodyStranded } from "./queue.ts"

type Change = (facts: ReadonlyArray<Fact>) => ReadonlyArray<Fact>

/** A decider whose decisions are changed, and what follows by itself too. */
const changing = (ofCommands: Change, ofItself: Change = ofCommands): Decider => ({
  decide: (group, command, now) => {
    const decision = decide(group, command, now)
    return decision.kind === "facts" ? { kind: "facts", facts: ofCommands(decision.facts) } : decision
  },
  reactions: (group, now) => ofItself(reactions(group, now)),
})

const asItIs: Change = (facts) => facts

/** Decides as if every account were configured so, while the rules know how it is. */
const blindTo = (config: { readonly concurrency?: null; readonly reservedConcurrency?: 0 }): Decider => ({
  decide: (group, command, now) => {
    if (command.type !== "acquire") return decide(group, command, now)
    const contexts = [...group.accounts.values()].map((account) => contextOf(account))
    const known = contexts.map((context) => ({ config: context.config, mode: context.mode }))
    for (const context of contexts) {
      const mode = config.concurrency === null ? null : context.mode
      Object.assign(context, { config: { ...context.config, ...config }, mode })
    }
    const decision = decide(group, command, now)
    for (const [index, context] of contexts.entries()) Object.assign(context, known[index])
    return decision
  },
  reactions,
})

const isGrant = (facts: ReadonlyArray<Fact>) => facts.some(({ type }) => type === "channel.acquired")
const isOf = (part: string) => (fact: Fact) => fact.type.includes(part)

const defects: ReadonlyArray<readonly [what: string, rule: () => Rule, by: Decider]> = [
  ["ignores the limit", accountLimit, blindTo({ concurrency: null })],
  ["ignores the reservation", reservation, blindTo({ reservedConcurrency: 0 })],
  ["forgets its waiters", nobodyStranded, changing(asItIs, (facts) => (isGrant(facts) ? [] : facts))],
  ["releases twice", leases, changing((facts) => [...facts, ...facts.filter(isOf(".released"))], asItIs)],
  [
    "releases the channel alone",
    leases,
    changing((facts) => facts.filter((fact) => !isOf("account.released")(fact))),
  ],
  [
    "ends no cooldown",
    cooldownsPaired,
    changing(asItIs, (facts) => (facts.some(isOf("cooldown_ended")) ? [] : facts)),
  ],
  [
    "tests accounts that fail for everybody",
    testsAlone,
    {
      decide: (group, command, now) =>
        decide(group, command.type === "acquire" ? { ...command, mayProbe: true } : command, now),
      reactions,
    },
  ],
  [
    "tests accounts that fail without a pause",
    pausesGrow,
    changing((facts) =>
      facts.map((fact) => (fact.type === "account.probe_failed" ? { ...fact, nextAt: fact.at } : fact)),
    ),
  ],
  [
    "grants to one who has left",
    lanesInOrder,
    changing((facts) =>
      facts.flatMap((fact): ReadonlyArray<Fact> =>
        fact.type === "channel.acquired"
          ? [
              {
                ...fact,
                type: "channel.abandoned",
                reason: "client_left",
                depth: 0,
              },
              fact,
            ]
          : [fact],
      ),
    ),
  ],
  [
    "tells times that are not whole",
    factsInShape,
    changing((facts) => facts.map((fact) => ({ ...fact, at: fact.at + 0.5 }))),
  ],
]

it.each(defects)("a decider that %s is found out", (_, rule, by) => {
  expect(isFoundOut(rule, by)).toBe(true)
})
