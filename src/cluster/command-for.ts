import { DEFAULT_CLUSTER } from './paths.js'

/** A command of `t8s` as one types it for this cluster: `t8s up`, or `t8s up --name two`. */
export const commandFor = (cluster: string, command: string): string =>
  `t8s ${command}${cluster === DEFAULT_CLUSTER ? '' : ` --name ${cluster}`}`
