/** How the limit of an account is found: learned by one of the rules, told, or told by somebody who knows. Source: F8. */
export const algorithms = [
  "bracket",
  "aether",
  "aimd",
  "cubic",
  "gradient2",
  "vegas",
  "fixed",
  "oracle",
] as const
/** The name of one. */
export type Algorithm = (typeof algorithms)[number]
