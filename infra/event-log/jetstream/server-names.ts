import { subjectPrefix } from "@sluice/events/identifier.ts"

/** The stream that holds every commit. Source: L5. */
export const streamName = "SLUICE_LOG"

/** Every subject of the log. */
export const everySubject = `${subjectPrefix}>`

/** The key-value bucket that holds the newest snapshot of each subject. Source: L11. */
export const snapshotBucket = "SLUICE_SNAPSHOTS"

/** The key-value bucket that is there while an import into the log is not finished. */
export const importBucket = "SLUICE_IMPORT"

/** The key-value bucket that holds the progress of the projector and its last blocks. Source: P2. */
export const progressBucket = "SLUICE_PROJECTOR"

/** The subject on which the running actors are asked for operations. Source: C8, S6. */
export const operationSubject = "sluice.operation"
