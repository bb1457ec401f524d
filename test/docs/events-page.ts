import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Fact, schemaNumber } from "@sluice/events/commit.ts"
import {
  channelSubject,
  configurationSubject,
  ingressSubject,
  repairPrefix,
} from "@sluice/events/identifier.ts"
import {
  everySubject,
  operationSubject,
  progressBucket,
  snapshotBucket,
  streamName,
} from "@sluice/infra/event-log/jetstream/server-names.ts"
import { Schema } from "effect"
import { root } from "../tidy/source-file.ts"
import { isRequired, membersOf, typeText } from "./json-type.ts"
import { pageOf, table, wrapped } from "./page-text.ts"

const intro = `Everything that happens is a fact. Facts that were decided together are one commit, and a commit is one message of NATS
JetStream ([L5](rules/log.md)). A fact type is never renamed or changed in meaning: a new schema number and an upcaster read the old one
([L13](rules/log.md)). Every fact has \`actor\` (\`<kind>/<id>\`), \`type\` and \`at\` (milliseconds since the epoch, UTC); they are left
out of the tables below. A field with *if any* is absent where there is nothing to say.`

const subjects = table(
  ["where", "what"],
  [
    [`stream \`${streamName}\``, `all commits, on \`${everySubject}\``],
    [`\`${channelSubject("<id>")}\``, "a channel and its accounts"],
    [`\`${ingressSubject("<node>")}\``, "an ingress process and the requests that it carries"],
    [`\`${configurationSubject}\``, "pools, clients and settings"],
    [`\`${repairPrefix}<commit>\``, "a commit that was set aside ([L11](rules/log.md))"],
    [`key-value \`${snapshotBucket}\``, "the newest snapshot of each subject"],
    [`key-value \`${progressBucket}\``, "how far the projector is ([P2](rules/analytics.md))"],
    [`\`${operationSubject}\``, "requests of commands to the running actors; not stored"],
  ],
)

const message = `The body of a message is the commit as JSON. Its header \`Nats-Msg-Id\` is the commit's id, and
\`Nats-Expected-Last-Subject-Sequence\` the fence.`

const commit = table(
  ["field", "what it is"],
  [
    ["`commit`", "its id, a ULID"],
    ["`version`", "the number of the commit in its subject, from 1 without gaps"],
    ["`at`", "the subject's time, which never falls; milliseconds"],
    ["`wallAt`", "what the machine's clock showed, where that was another time"],
    ["`node`, `epoch`", "who wrote it, and the owner's number"],
    ["`schema`", `the schema number; new commits have ${schemaNumber}`],
    ["`facts`", "what happened, in order"],
  ],
)

const groups = [
  { title: "Channels", prefix: "channel." },
  { title: "Accounts", prefix: "account." },
  { title: "Ingress processes and requests", prefix: /^(node|request|requests|ingress)\./u },
  { title: "Configuration", prefix: /^(pool|client|settings|configuration)\./u },
  { title: "Repairs", prefix: "commit." },
]

const belongs = (type: string, prefix: string | RegExp): boolean =>
  typeof prefix === "string" ? type.startsWith(prefix) : prefix.test(type)

const sources = () =>
  globSync("events/*.ts", { cwd: root })
    .toSorted()
    .map((path) => readFileSync(join(root, path), "utf8"))
    .join("\n")

/** The beginning of a fact in the sources: `fact("account.acquired", {`, or of channels and accounts alike ``fact(`${kind}.accepted` as const, {``. */
const factHead = /(?:\/\*\* ([^\n]*?) \*\/\n\s*)?fact\((?:"([a-z_.]+)"|`\$\{\w+\}(\.[a-z_]+)` as const), \{/gu

/** Returns where the brace closes that is open before a position. */
const closeOf = (text: string, from: number): number => {
  let open = 1
  let at = from
  for (; open > 0 && at < text.length; at += 1) open += Number(text[at] === "{") - Number(text[at] === "}")
  return at
}

/** What the sources say of a fact and of its fields: where the fact is defined, or the fields that several have in common. */
const notesIn = (text: string) => {
  const blocks = new Map<string, { readonly about: string; readonly body: string }>()
  let common = ""
  let from = 0
  for (const { 0: head, 1: about = "", 2: whole, 3: ending = "", index } of text.matchAll(factHead)) {
    const end = closeOf(text, index + head.length)
    blocks.set(whole ?? ending, { about, body: text.slice(index + head.length, end) })
    common += text.slice(from, index)
    from = end
  }
  common += text.slice(from)
  const blockOf = (type: string) => blocks.get(type) ?? blocks.get(type.slice(type.indexOf(".")))
  const noteOf = (within: string, field: string): string | undefined =>
    new RegExp(String.raw`/\*\* ([^\n]*?) \*/\n\s*${field}[:,]`, "u").exec(within)?.[1]
  return {
    about: (type: string) => plain(blockOf(type)?.about ?? ""),
    field: (type: string, field: string) => {
      const own = blockOf(type)?.body ?? ""
      const isOwn = new RegExp(String.raw`\b${field}[:,]`, "u").test(own)
      return plain(noteOf(own, field) ?? (isOwn ? "" : (noteOf(common, field) ?? "")))
    },
  }
}

const plain = (comment: string): string => comment.replace(/ ?Source: [^.]*\.$/u, "").trim()

interface GoldenLine {
  readonly body: { readonly facts: ReadonlyArray<{ readonly type: string }> }
}

/** Returns the first fact of each type in the golden streams, of the newest ones where several have it. */
const goldenFacts = (): ReadonlyMap<string, object> => {
  const files = globSync("test/golden/*.jsonl", { cwd: root }).toSorted()
  const facts = files.flatMap((path) =>
    readFileSync(join(root, path), "utf8")
      .trimEnd()
      .split("\n")
      .flatMap((line) => (JSON.parse(line) as GoldenLine).body.facts.toReversed()),
  )
  return new Map(facts.map((fact) => [fact.type, fact]))
}

const longestExample = 1_200

const exampleOf = (fact: object | undefined): ReadonlyArray<string> => {
  if (fact === undefined) return []
  const text = JSON.stringify(fact)
  const shown = text.length > longestExample ? `${text.slice(0, longestExample)} …` : text
  return [`\`\`\`\n${(shown.match(/.{1,108}(?:,|$)|.{1,108}/gu) ?? []).join("\n")}\n\`\`\``]
}

const ofAll = new Set(["actor", "type", "at"])

/** Returns the page of the log: subjects, commits, and every type of fact with its fields and an example. */
export const eventsPage = (): string => {
  const notes = notesIn(sources())
  const examples = goldenFacts()
  const typePart = (member: (typeof Fact.members)[number]): ReadonlyArray<string> => {
    const type = member.fields.type.literal
    const { schema } = Schema.toJsonSchemaDocument(member)
    const fields = membersOf(schema).filter(([name]) => !ofAll.has(name))
    const rows = fields.map(([name, field]) => [
      `\`${name}\``,
      `${typeText(field, { namesMembers: true })}${isRequired(schema, name) ? "" : ", *if any*"}`,
      notes.field(type, name),
    ])
    const about = notes.about(type)
    return [
      `### ${type}`,
      ...(about === "" ? [] : [wrapped(about)]),
      ...(rows.length === 0 ? [] : [table(["field", "value", "what it is"], rows)]),
      ...exampleOf(examples.get(type)),
    ]
  }
  return pageOf("Events", [
    wrapped(intro),
    "## Subjects",
    subjects,
    "## Commits",
    wrapped(message),
    commit,
    ...groups.flatMap(({ title, prefix }) => [
      `## ${title}`,
      ...Fact.members.filter((member) => belongs(member.fields.type.literal, prefix)).flatMap(typePart),
    ]),
  ])
}
