import { randomBytes } from "node:crypto"
import {
  everySubject,
  importBucket,
  operationSubject,
  progressBucket,
  snapshotBucket,
  streamName,
} from "../event-log/jetstream/server-names.ts"

/** Who may do what on an embedded server: a part of the product, or a command that looks at it or fills it. */
export const natsUsers = ["ingress", "projector", "reader", "operator", "owner"] as const
export type NatsUser = (typeof natsUsers)[number]

/** The password of each user of an embedded server. */
export type NatsPasswords = Readonly<Record<NatsUser, string>>

/** What a server lets a user do; an absent list lets it do nothing. */
interface Permissions {
  readonly publish: ReadonlyArray<string>
  readonly subscribe: ReadonlyArray<string>
  readonly responds?: boolean
}

const passwordBytes = 24

/** Makes a secret that nobody guesses, of characters that stand in a URL as they are. */
export const drawPassword = (): string => randomBytes(passwordBytes).toString("base64url")

/** Puts a user and its password into the URL of an embedded server. */
export const urlAs = (url: string, user: NatsUser, passwords: NatsPasswords): string =>
  url.replace("://", `://${user}:${passwords[user]}@`)

const api = (...names: ReadonlyArray<string>) => names.map((name) => `$JS.API.${name}`)
const bucketStream = (bucket: string): string => `KV_${bucket}`

/** Reads a stream by its own consumers and message by message. */
const reading = (stream: string) =>
  api(
    `STREAM.INFO.${stream}`,
    `STREAM.MSG.GET.${stream}`,
    `CONSUMER.CREATE.${stream}.>`,
    `CONSUMER.INFO.${stream}.*`,
    `CONSUMER.DELETE.${stream}.*`,
    `CONSUMER.MSG.NEXT.${stream}.*`,
  )

/** Makes a stream that is missing; one that is there is not changed by it. */
const making = (...streams: ReadonlyArray<string>) =>
  api(...streams.map((stream) => `STREAM.CREATE.${stream}`))

/** What everyone asks who opens the log. */
const opening = [
  ...api("INFO", `STREAM.INFO.${bucketStream(snapshotBucket)}`),
  ...api(`STREAM.MSG.GET.${bucketStream(snapshotBucket)}`),
  ...making(streamName, bucketStream(snapshotBucket)),
  ...reading(streamName),
]

/** What is known of the projector's progress. */
const progress = [
  ...reading(bucketStream(progressBucket)),
  ...making(bucketStream(progressBucket)),
  `$JS.FC.${bucketStream(progressBucket)}.>`,
]

const inbox = "_INBOX.>"

const permissionsOf: Readonly<Record<NatsUser, Permissions>> = {
  ingress: {
    publish: [
      ...opening,
      ...progress,
      ...api(`STREAM.UPDATE.${streamName}`, `STREAM.PURGE.${streamName}`),
      ...reading(bucketStream(importBucket)),
      everySubject,
      `$KV.${snapshotBucket}.>`,
    ],
    subscribe: [inbox, operationSubject],
    // To whoever asks for an operation, and to nobody else.
    responds: true,
  },
  projector: { publish: [...opening, ...progress, `$KV.${progressBucket}.>`], subscribe: [inbox] },
  reader: { publish: opening, subscribe: [inbox] },
  operator: { publish: [operationSubject], subscribe: [inbox] },
  owner: { publish: [">"], subscribe: [">"] },
}

/**
 * Returns the part of a server's configuration that lets its users in, and nobody else.
 *
 * Source: L5, L11, P2, C8; nats-server 2.15.1.
 */
export const authorizationOf = (passwords: NatsPasswords): object => ({
  users: natsUsers.map((user) => {
    const { publish, subscribe, responds = false } = permissionsOf[user]
    return {
      user,
      password: passwords[user],
      permissions: {
        publish: { allow: publish },
        subscribe: { allow: subscribe },
        ...(responds ? { allow_responses: true } : {}),
      },
    }
  }),
})
