/** Returns what an error says; of what is no error, its text. */
export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Returns the first line of what an error says. */
export const firstLineOf = (error: unknown): string => errorText(error).split("\n")[0] ?? ""
