import { ClaimLost, rememberedBlocks, type Claim, type Claims, type Progress } from "./claims.ts"

/** Keeps claims in memory by the same contract as those in NATS, for tests and measurements. */
export const createMemoryClaims = (): Claims => {
  let stored: { progress: Progress | undefined; revision: number } = { progress: undefined, revision: 0 }
  const blocks = new Map<number, Claim>()
  return {
    read: async () => stored,
    write: async (progress, revision) => {
      if (revision !== stored.revision) throw new ClaimLost({ revision })
      stored = { progress, revision: revision + 1 }
      return stored.revision
    },
    remember: async (claim) => void blocks.set(claim.block % rememberedBlocks, claim),
    remembered: async () => [...blocks.values()],
    close: async () => undefined,
  }
}
