import { createHmac } from "node:crypto"
import { accountsOf } from "@sluice/events/configuration/implicit-account.ts"
import type { Configuration } from "@sluice/infra/configuration/configuration.ts"

const nameDigits = 16

/**
 * Names the credentials of a configuration's accounts, so that one is told from another without either being shown.
 *
 * Shape: by the account's id, without the accounts that have none. Under one secret a credential has one name, whichever account it stands in.
 * Source: A2, C7.
 */
export const credentialNames = (
  { wanted, credentialOf }: Pick<Configuration, "wanted" | "credentialOf">,
  secret: Buffer,
): ReadonlyMap<string, string> => {
  const names = new Map<string, string>()
  for (const { id } of wanted.channels.flatMap(accountsOf)) {
    const credential = credentialOf(id)
    if (credential === undefined) continue
    const digest = createHmac("sha256", secret).update(`credential\0${credential}`).digest("hex")
    names.set(id, digest.slice(0, nameDigits))
  }
  return names
}
