import { Schema } from "effect"
import { AccountConfiguration } from "./account.ts"
import type { DeclaredAccount, DeclaredChannel } from "./configuration.ts"

/** An account of a channel, whether it is written in the file or implied. `credential` is `null` where none is needed. */
export type AccountOfChannel = Omit<DeclaredAccount, "credential"> & { readonly credential: string | null }

/** Fills in the defaults of every field that is not said. */
const decode = Schema.decodeUnknownSync(AccountConfiguration)

const longestId = 55
const suffix = "-default"

/**
 * Returns the id of the one account that a channel without accounts has: the channel's id and `-default`, or the channel's id alone
 * where that would be longer than an id may be.
 *
 * Source: docs/glossary.md.
 */
export const implicitAccountId = (channel: string): string =>
  channel.length + suffix.length > longestId ? channel : channel + suffix

/**
 * Lists a channel's accounts: those that it declares, else the implicit one, which needs no credential and is shown as
 * `<channel>/default`.
 */
export const accountsOf = (
  channel: Pick<DeclaredChannel, "id" | "accounts">,
): ReadonlyArray<AccountOfChannel> => {
  if (channel.accounts.length > 0) return channel.accounts
  const implicit = decode({ id: implicitAccountId(channel.id), name: `${channel.id}/default` })
  return [{ ...implicit, credential: null }]
}
