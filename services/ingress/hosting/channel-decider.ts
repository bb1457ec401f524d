import type { Command, Decision, Release } from "@sluice/actors/decisions/command.ts"
import { decide } from "@sluice/actors/decisions/decide.ts"
import { dueAt, following } from "@sluice/actors/decisions/following.ts"
import { checkpointGroup, groupFromCheckpoint } from "@sluice/actors/group/checkpoint.ts"
import { createGroup, evolve, type Group } from "@sluice/actors/group/group.ts"
import { fromSnapshot, type GroupSnapshot, machineHash, toSnapshot } from "@sluice/actors/group/snapshot.ts"
import type { Decider, Translation } from "@sluice/infra/actor-host/decider.ts"
import type { SubjectTime } from "@sluice/infra/clock/subject-time.ts"

/** Why a channel said no. */
export type ChannelRefusal = Extract<Decision, { kind: "rejected" }>

const releaseIn = (command: Release, time: SubjectTime): Release => {
  const { endedAt, windowEndsAt, rejection } = command
  const told = windowEndsAt === undefined ? {} : { windowEndsAt: time.of(windowEndsAt) }
  if (rejection === undefined) return { ...command, endedAt: time.of(endedAt), ...told }
  const resetAt = rejection.resetAt === null ? null : time.of(rejection.resetAt)
  return { ...command, endedAt: time.of(endedAt), ...told, rejection: { ...rejection, resetAt } }
}

const translation: Translation<Group, Command, ChannelRefusal> = {
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
  refusal: ({ kind, obstacles }, time) => ({
    kind,
    obstacles: obstacles.map((one) => ({
      ...one,
      until: one.until === null ? null : time.toProcess(one.until),
    })),
  }),
  ahead: (group, aheadMs) => {
    group.aheadMs = aheadMs
  },
}

/** A channel with its accounts, as the actor host runs it. */
export const channelDecider: Decider<Group, Command, ChannelRefusal> = {
  create: createGroup,
  evolve,
  decide,
  following,
  dueAt,
  snapshot: toSnapshot,
  restore: (stored) => fromSnapshot(stored as GroupSnapshot),
  checkpoint: (group, { at }) => checkpointGroup(group, at),
  fromCheckpoint: groupFromCheckpoint,
  machineHash,
  translation,
}
