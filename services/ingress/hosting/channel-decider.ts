import type { Command, Decision, Release } from "@sluice/actors/decisions/command.ts"
import { decide } from "@sluice/actors/decisions/decide.ts"
import { dueAt, reactions } from "@sluice/actors/decisions/reactions.ts"
import { checkpointGroup, groupFromCheckpoint } from "@sluice/actors/group/checkpoint.ts"
import { createGroup, evolve, type Group } from "@sluice/actors/group/group.ts"
import { fromSnapshot, type GroupSnapshot, machineHash, toSnapshot } from "@sluice/actors/group/snapshot.ts"
import type { Decider, Translation } from "@sluice/infra/actor-host/decider.ts"
import type { SubjectTime } from "@sluice/infra/clock/subject-time.ts"

/** Why a channel said no. */
export type ChannelDenial = Extract<Decision, { kind: "denied" }>

const releaseIn = (command: Release, time: SubjectTime): Release => {
  const { endedAt, windowEndsAt, rejection } = command
  const told = windowEndsAt === undefined ? {} : { windowEndsAt: time.of(windowEndsAt) }
  if (rejection === undefined) return { ...command, endedAt: time.of(endedAt), ...told }
  const resetAt = rejection.resetAt === null ? null : time.of(rejection.resetAt)
  return { ...command, endedAt: time.of(endedAt), ...told, rejection: { ...rejection, resetAt } }
}

const translation: Translation<Group, Command, ChannelDenial> = {
  command: (command, time) => {
    const to = (ms: number) => time.of(ms)
    switch (command.type) {
      case "acquire":
        return { ...command, arrivedAt: to(command.arrivedAt), since: to(command.since) }
      case "enqueue": {
        const { arrivedAt, deadlineAt } = command
        return {
          ...command,
          arrivedAt: to(arrivedAt),
          deadlineAt: deadlineAt === null ? null : to(deadlineAt),
        }
      }
      case "release":
        return releaseIn(command, time)
      default:
        return command
    }
  },
  denial: ({ kind, denials }, time) => ({
    kind,
    denials: denials.map((one) => ({
      ...one,
      until: one.until === null ? null : time.toProcess(one.until),
    })),
  }),
  ahead: (group, aheadMs) => {
    group.aheadMs = aheadMs
  },
}

/** A channel with its accounts, as the actor host runs it. */
export const channelDecider: Decider<Group, Command, ChannelDenial> = {
  create: createGroup,
  evolve,
  decide,
  reactions,
  dueAt,
  snapshot: toSnapshot,
  restore: (stored) => fromSnapshot(stored as GroupSnapshot),
  checkpoint: (group, { at }) => checkpointGroup(group, at),
  fromCheckpoint: groupFromCheckpoint,
  machineHash,
  translation,
}
