export * from './declare.js'
export type * from './types.js'
export { fieldOf, type JsonField, jsonField, jsonFields, type ResolvedSchema, resolve } from './walk.js'
