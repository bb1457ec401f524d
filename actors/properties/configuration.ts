import type { Configure } from "../decisions/command.ts"
import type { Rule } from "../testing/live.ts"
import type { World } from "../testing/world.ts"

/** A configuration is told to those that it changes, and to nobody else. Source: A10. */
export const changesOnly = (): Rule => ({
  decided: (world, { command, facts }) => {
    if (command?.type !== "configure") return
    const told = facts.map(({ actor, type }) => `${type} ${actor}`)
    const due = changed(world, command)
    if (told.toSorted().join() !== due.toSorted().join())
      throw new Error(`${told.join()} is told instead of ${due.join()}`)
  },
})

const changed = (world: World, { channel, accounts, credentials }: Configure): ReadonlyArray<string> => {
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
  const due: Array<string> = []
  if (channel === null && world.channel !== null && !world.isRemoved) due.push("channel.removed channel/c")
  if (channel !== null && (world.isRemoved || !isSame(channel, world.channel)))
    due.push("channel.configured channel/c")
  for (const config of accounts) {
    const known = world.accounts.find(({ id }) => id === config.id)
    const credential = credentials.get(config.id)
    const wanted = [config, channel?.burstSeconds, credential, false]
    if (isSame(wanted, known && [known.config, known.burstSeconds, known.credential, known.isRemoved]))
      continue
    due.push(`account.configured account/${config.id}`)
    if (known?.isSuspended === true && known.credential !== credential)
      due.push(`account.restored account/${config.id}`)
  }
  for (const { id, isRemoved } of world.accounts)
    if (!isRemoved && !accounts.some((config) => config.id === id)) due.push(`account.removed account/${id}`)
  return due
}
