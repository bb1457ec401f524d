/** A hundred years: no span that a person or a program gives is longer, unless it is a mistake. Units: milliseconds. */
export const longestSpanMs = 36_525 * 86_400_000
