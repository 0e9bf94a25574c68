export * from './declare.js'
export type * from './types.js'
