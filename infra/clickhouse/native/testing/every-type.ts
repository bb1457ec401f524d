import {
  bool,
  category,
  float64,
  int64,
  json,
  nullable,
  text,
  time,
  uint32,
  uint64,
  usd,
} from "../column-types.ts"
import type { Columns } from "../native-rows.ts"

/** A row with a value of every type. */
export interface EveryType {
  readonly count: number
  readonly signed: number
  readonly small: number
  readonly ratio: number
  readonly flag: boolean
  readonly note: string
  readonly told: object
  readonly at: number
  readonly cost: number
  readonly kind: string
  readonly until: number | null
}

/** A column of every type. */
export const everyType: Columns<EveryType> = {
  count: uint64,
  signed: int64,
  small: uint32,
  ratio: float64,
  flag: bool,
  note: text,
  told: json,
  at: time,
  cost: usd,
  kind: category,
  until: nullable(time),
}
