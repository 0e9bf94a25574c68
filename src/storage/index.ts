export * from './encryption/index.js'
export { lmdbStore } from './lmdb.js'
export { memoryStore } from './memory.js'
export * from './store.js'
