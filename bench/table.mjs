import { fileURLToPath } from 'node:url'

/** Where the compiled project is; T8S_DIST says otherwise. */
export const dist = process.env.T8S_DIST ?? fileURLToPath(new URL('../dist', import.meta.url))

export const median = values => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** Prints a line of the table: what was measured, what is to be reached, what it was. */
export const row = (what, reach, measured) =>
  console.log(`${what.padEnd(50)} ${reach.padStart(10)} ${measured.padStart(12)}`)
