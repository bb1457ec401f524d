import { checkpointGroup, groupFromCheckpoint } from "@sluice/actors/checkpoint.ts"
import type { Command, Decision } from "@sluice/actors/command.ts"
import { decide } from "@sluice/actors/decide.ts"
import { dueAt, following } from "@sluice/actors/following.ts"
import { createGroup, evolve, type Group } from "@sluice/actors/group.ts"
import { fromSnapshot, type GroupSnapshot, machineHash, toSnapshot } from "@sluice/actors/snapshot.ts"
import type { Decider } from "@sluice/infra/actor-host/decider.ts"

/** Why a channel said no. */
export type ChannelRefusal = Extract<Decision, { kind: "rejected" }>

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
}
